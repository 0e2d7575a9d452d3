/*
 * `galera-peers notify`, the target of `wsrep_notify_cmd`: writes down what the server tells, for
 * the agent, and for the next start. The server waits for it, so that a component of more members
 * is on the disk before any of them takes a client's write; it does one small durable write.
 */
import { FormatError, readView } from "../bootstrap/format.js";
import { loadTold, saveTold, type Told } from "../bootstrap/store.js";
import { componentNumber, type Notification, parseNotification } from "../galera/notification.js";
import { exitCode, Failure, messageOf } from "../system/failure.js";

/**
 * @param words `--datadir D --state-dir S`, then what the server appends
 * @throws Failure 64 without what the server appends, 65 for what could not be read again, 78 where it cannot be written
 */
export function notify(words: readonly string[]): number {
  const [, datadir, , stateDir, ...rest] = words;
  if (datadir === undefined || stateDir === undefined || rest.length === 0) {
    const what = "notify is for the server, which calls it by its wsrep_notify_cmd";
    throw new Failure(exitCode.usage, what);
  }
  const before = loadTold(stateDir);
  const notification = parseNotification(rest, before?.names);
  if (isOfThePast(notification)) return 0;
  const told = after(before, notification, componentNumber(datadir));
  try {
    if (told.current !== undefined) readView(told.current.view, "view");
    saveTold(stateDir, told);
    return 0;
  } catch (error) {
    const code = error instanceof FormatError ? exitCode.data : exitCode.config;
    throw new Failure(code, `what the server tells is not written down: ${messageOf(error)}`);
  }
}

/** In IST the server goes through the components that it has missed. */
function isOfThePast({ index, members }: Notification): boolean {
  return index < 0 && members.length > 0;
}

/** What is known after a notification. */
export function after(
  before: Told | undefined,
  { status, uuid, primary, members, names }: Notification,
  number: number | undefined,
): Told {
  const known = before?.primary;
  const next = number ?? (known?.view.number ?? 0) + 1;
  const view = { number: next, members };
  const isPrimary = primary && uuid !== undefined && members.length > 0;
  return {
    status,
    current: members.length === 0 ? undefined : { primary: isPrimary, view },
    primary: isPrimary
      ? { uuid, view, synced: status === "synced" || known?.synced === true }
      : known,
    names: withNames(before?.names ?? {}, names),
  };
}

/** One that has stood still comes back with its UUID, also into a component that has left it behind. */
function withNames(
  known: Notification["names"],
  now: Notification["names"],
): Notification["names"] {
  const renewed = new Set(Object.values(now));
  const others = Object.entries(known).filter(([, name]) => !renewed.has(name));
  return { ...Object.fromEntries(others), ...now };
}
