/*
 * Looks at every member's server, by its own socket, as no client could: also at those that are not
 * ready, or cut off. One that stands still gives nothing.
 */
import type { RunningLab } from "../../src/lab/lab.js";
import type { Lab } from "../../src/lab/options.js";
import { podName, podPaths } from "../../src/lab/pod.js";
import { systemClock as clock } from "../../src/system/clock.js";
import { openSession, type Session } from "./session.js";

/** What a server says of its cluster. */
export interface View {
  readonly member: string;
  /** wsrep_cluster_state_uuid */
  readonly uuid: string;
  /** wsrep_cluster_status is Primary. */
  readonly primary: boolean;
  /** wsrep_cluster_conf_id: which of the cluster's components, counted from its founding. */
  readonly component: string;
  readonly size: number;
  /** Whom that component has, by wsrep_incoming_addresses; `?` for an address that nobody has told. */
  readonly beside: readonly string[];
  /** wsrep_local_state_comment */
  readonly state: string;
}

/** All members that answered at one time. */
export interface Sample {
  readonly atMs: number;
  /** To whom clients were led. */
  readonly ready: readonly string[];
  readonly views: readonly View[];
}

export interface Watcher {
  /** Those since the last call. */
  take(): readonly Sample[];
  latest(): Sample | undefined;
  end(): Promise<void>;
}

const everyMs = 500;
const answerMs = 1000;
/** Scaled up there are five. */
const most = 5;

const names = [
  "wsrep_cluster_state_uuid",
  "wsrep_cluster_status",
  "wsrep_cluster_conf_id",
  "wsrep_cluster_size",
  "wsrep_incoming_addresses",
  "wsrep_local_state_comment",
];
const question = `SELECT LOWER(VARIABLE_NAME) AS name, VARIABLE_VALUE AS value
  FROM information_schema.GLOBAL_STATUS
  WHERE VARIABLE_NAME IN (${names.map((name) => `'${name}'`).join(", ")})
  UNION ALL SELECT 'address', @@wsrep_node_address`;

/** @param addresses whose each of them is or was: it learns this server's, which each pod has anew */
async function askView(
  session: Session,
  member: string,
  addresses: Map<string, string>,
): Promise<View> {
  const rows: readonly { name: string; value: string }[] = await session.query(question);
  const values = new Map(rows.map(({ name, value }) => [name, value]));
  addresses.set(values.get("address") ?? "", member);
  const incoming = values.get("wsrep_incoming_addresses") ?? "";
  const hosts = incoming.split(",").map((one) => one.replace(/:\d+$/, ""));
  return {
    member,
    uuid: values.get("wsrep_cluster_state_uuid") ?? "",
    primary: values.get("wsrep_cluster_status") === "Primary",
    component: values.get("wsrep_cluster_conf_id") ?? "",
    size: Number(values.get("wsrep_cluster_size") ?? 0),
    beside: hosts.map((host) => addresses.get(host) ?? "?"),
    state: values.get("wsrep_local_state_comment") ?? "",
  };
}

export function watch(place: Lab, lab: Pick<RunningLab, "status">): Watcher {
  const samples: Sample[] = [];
  const sessions = new Map<string, Session>();
  const addresses = new Map<string, string>();
  let latest: Sample | undefined;
  let isGoing = true;

  const look = async (member: string): Promise<View | undefined> => {
    const { socket } = podPaths(place, member);
    try {
      const session = sessions.get(member) ?? (await openSession({ path: socket }, answerMs));
      sessions.set(member, session);
      return await askView(session, member, addresses);
    } catch {
      sessions.get(member)?.cut();
      sessions.delete(member);
      return undefined;
    }
  };
  const run = async () => {
    const members = Array.from({ length: most }, (_, ordinal) => podName(ordinal));
    while (isGoing) {
      const atMs = clock.now();
      const { ready } = lab.status();
      const views = (await Promise.all(members.map(look))).filter((view) => view !== undefined);
      latest = { atMs, ready, views };
      samples.push(latest);
      await clock.sleep(Math.max(50, atMs + everyMs - clock.now()));
    }
    await Promise.all([...sessions.values()].map((session) => session.close()));
  };

  const ended = run();
  return {
    take: () => samples.splice(0),
    latest: () => latest,
    end: async () => {
      isGoing = false;
      await ended;
    },
  };
}
