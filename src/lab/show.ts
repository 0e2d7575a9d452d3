/* What `ps`, `logs` and `events` print, once or for as long as somebody looks. */
import { isatty } from "node:tty";
import type { Clock } from "../system/clock.js";
import type { WriteLine } from "../system/log.js";
import { eventLine, type LabEvent, readEvents } from "./events.js";
import type { Lab } from "./options.js";
import { controllerPaths } from "./pod.js";
import { formatStatus, type LabStatus } from "./status.js";
import { openTail } from "./tail.js";

export interface ShowPorts {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly print: WriteLine;
}

const everyMs = 1000;
/** To the first corner, and everything below it cleared (ECMA-48, CUP and ED). */
const clear = "\x1b[H\x1b[J";

export async function showStatus(
  ask: () => Promise<LabStatus>,
  { json, watch }: { readonly json?: true; readonly watch?: true },
  { clock, signal, print }: ShowPorts,
): Promise<void> {
  const text = (status: LabStatus) =>
    json ? JSON.stringify(status, undefined, watch ? undefined : 2) : formatStatus(status);
  if (!watch) return print(text(await ask()));
  for (;;) {
    print(`${!json && isatty(1) ? clear : ""}${text(await ask())}`);
    await clock.sleep(everyMs, signal);
  }
}

export async function printLog(
  path: string,
  { follow }: { readonly follow?: true },
  { clock, signal, print }: ShowPorts,
): Promise<void> {
  await printTail(path, (line) => print(line), follow, { clock, signal });
}

/** Those of a lab that is over are there until it is taken down. */
export async function printEvents(
  lab: Lab,
  { json, follow }: { readonly json?: true; readonly follow?: true },
  { clock, signal, print }: ShowPorts,
): Promise<void> {
  let begunMs: number | undefined;
  const show = (event: LabEvent) => {
    begunMs ??= event.atMs;
    print(json ? JSON.stringify(event) : eventLine(event, begunMs));
  };
  const path = controllerPaths(lab).events;
  await printTail(path, (line) => readEvents([line]).forEach(show), follow, { clock, signal });
}

const tailMs = 100;

async function printTail(
  path: string,
  tell: (line: string) => void,
  follow: true | undefined,
  { clock, signal }: Pick<ShowPorts, "clock" | "signal">,
): Promise<void> {
  const tail = openTail(path);
  for (;;) {
    for (const line of tail.lines()) tell(line);
    if (!follow) return;
    await clock.sleep(tailMs, signal);
  }
}
