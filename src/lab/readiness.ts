import { execa } from "execa";
import { clientArgs } from "./sql.js";

/** What a member's server says of itself. */
export interface GaleraStatus {
  /** It takes queries: in the primary component, with the cluster's state. */
  readonly ready: boolean;
  /** `Synced`, `Donor/Desynced`, `Joined`, … */
  readonly state: string;
  /** `Primary`, `non-Primary` or `Disconnected`. */
  readonly component: string;
  readonly clusterSize: number;
}

const query = `SHOW GLOBAL STATUS WHERE Variable_name IN
  ('wsrep_ready', 'wsrep_local_state_comment', 'wsrep_cluster_status', 'wsrep_cluster_size')`;

/** A server that does not answer within this, a stopped one say, is not ready. */
const timeoutMs = 2000;

/** Asks a server over its socket; undefined while it does not answer. */
export async function probeServer(socket: string, path: string): Promise<GaleraStatus | undefined> {
  const { failed, stdout } = await execa("mariadb", [...clientArgs(socket), "-NBe", query], {
    timeout: timeoutMs,
    env: { PATH: path },
    stdin: "ignore",
    stderr: "ignore",
    reject: false,
  });
  return failed ? undefined : readStatus(stdout);
}

/** Reads the client's lines of name, tab, value. */
export function readStatus(output: string): GaleraStatus {
  const values = new Map(
    output.split("\n").map((line): [string, string] => {
      const [name = "", value = ""] = line.split("\t");
      return [name, value];
    }),
  );
  const state = values.get("wsrep_local_state_comment") ?? "";
  const component = values.get("wsrep_cluster_status") ?? "";
  return {
    ready: values.get("wsrep_ready") === "ON" && state === "Synced" && component === "Primary",
    state,
    component,
    clusterSize: Number(values.get("wsrep_cluster_size") ?? 0),
  };
}
