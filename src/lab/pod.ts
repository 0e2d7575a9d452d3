/*
 * What a member is made of, as a StatefulSet's pod template says it: names, addresses, files, and
 * the processes that are its containers. Nothing here touches the machine.
 */
import { join } from "node:path";
import { exitCode, Failure } from "../system/failure.js";
import type { Lab } from "./options.js";

/** The headless service, and what the pods are called after. */
export const service = "galera";
export const domain = "cluster.local";

export function podName(ordinal: number): string {
  return `${service}-${ordinal}`;
}

/** The ordinal in a member's name; undefined for any other name. */
export function podOrdinal(name: string): number | undefined {
  const [, digits] = /^galera-(0|[1-9]\d?)$/.exec(name) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** The containers of a pod: the sidecar and the server's. */
export const containerNames = ["agent", "mariadb"] as const;
export type ContainerName = (typeof containerNames)[number];

/** Every lab has a block of loopback addresses: where a pod is that has not been moved. */
export function podAddress(block: number, ordinal: number): string {
  return `127.0.${block}.${ordinal + 1}`;
}

/** A member's files, all in its own directory. */
export interface PodPaths {
  readonly dir: string;
  /** The disk: the only part that a `delete --disk` wipes. */
  readonly datadir: string;
  /** For what is made anew at each start; the server's account writes here. */
  readonly run: string;
  readonly socket: string;
  readonly serverPid: string;
  readonly myCnf: string;
  readonly galeraCnf: string;
  readonly log: string;
  readonly agentLog: string;
}

export function podPaths(lab: Lab, name: string): PodPaths {
  const dir = join(lab.dir, name);
  const run = join(dir, "run");
  return {
    dir,
    run,
    datadir: join(dir, "data"),
    socket: join(run, "mysqld.sock"),
    serverPid: join(run, "mysqld.pid"),
    myCnf: join(dir, "my.cnf"),
    galeraCnf: join(run, "galera.cnf"),
    log: join(dir, "log"),
    agentLog: join(dir, "agent.log"),
  };
}

/** Where the controller's files are. */
export function controllerPaths({ dir }: Lab) {
  return {
    /** Written first: only a directory that has it is ever removed. */
    marker: join(dir, "galera-peers.lab"),
    socket: join(dir, "control.sock"),
    pid: join(dir, "controller.pid"),
    log: join(dir, "controller.log"),
    /** All that has happened, a line of JSON each. */
    events: join(dir, "events.jsonl"),
  };
}

/** sockaddr_un's sun_path, without its final NUL (unix(7)). */
const longestSocketPath = 107;

/** @throws Failure 78 for a directory in which sockets would have too long a path */
export function refuseLongPaths(lab: Lab): void {
  const bytes = Buffer.byteLength(podPaths(lab, podName(99)).socket);
  if (bytes <= longestSocketPath) return;
  throw new Failure(
    exitCode.config,
    `${lab.dir} is too long for Unix sockets in it (${bytes} bytes, at most ${longestSocketPath}): choose a shorter --dir`,
  );
}

/** The member's own option file: small, so that several fit on a laptop. Durability stays as it is. */
export function myCnf({ galeraCnf }: PodPaths): string {
  return `[mariadbd]
innodb_buffer_pool_size=32M
innodb_log_file_size=16M
skip_name_resolve=ON
!include ${galeraCnf}
`;
}

/** What the pods of a lab have in common. */
export interface PodTemplate {
  readonly lab: Lab;
  readonly block: number;
  /** host:port of the lab's DNS. */
  readonly dns: string;
  /** Further arguments for mariadbd. */
  readonly args: readonly string[];
  /** `PATH`, language and time zone of whoever started the lab. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Variables of both containers, on top of the lab's own. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A container: arguments for `galera-peers`, and the whole environment. */
export interface PodProcess {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** @param address where the pod is */
export function podProcess(
  { lab, block, dns, args, env, settings = {} }: PodTemplate,
  ordinal: number,
  address = podAddress(block, ordinal),
): PodProcess {
  const name = podName(ordinal);
  const paths = podPaths(lab, name);
  return {
    args: [
      "run",
      "--",
      "mariadbd",
      `--defaults-file=${paths.myCnf}`,
      `--datadir=${paths.datadir}`,
      `--socket=${paths.socket}`,
      `--pid-file=${paths.serverPid}`,
      `--bind-address=${address}`,
      ...args,
    ],
    env: {
      PATH: searchPath(env.PATH),
      ...(env.LANG !== undefined && { LANG: env.LANG }),
      ...(env.TZ !== undefined && { TZ: env.TZ }),
      // As in a container: a server that starts removes the temporary tables that it finds in /tmp.
      TMPDIR: paths.run,
      GALERA_DNS: dns,
      GALERA_SERVICE: service,
      GALERA_CLUSTER_DOMAIN: domain,
      GALERA_HOSTNAME: name,
      POD_NAMESPACE: lab.name,
      POD_IP: address,
      GALERA_ADDRESS_TYPE: "ip",
      GALERA_CNF: paths.galeraCnf,
      GALERA_SST_METHOD: "rsync", // a second or two; mariabackup's script sleeps for ten
      GALERA_PROVIDER_OPTIONS: `gmcast.listen_addr=tcp://${address}:4567;ist.recv_bind=${address};gcache.size=32M`,
      MARIADB_ALLOW_EMPTY_ROOT_PASSWORD: "1",
      ...settings,
    },
  };
}

/** The variable that all processes of a lab's containers have, whichever way they were started. */
export const containerMark = "LAB_CONTAINER";

/** What is in it: a path in the lab's directory, for a container that of the pod and its name. */
export function markOf(lab: Lab, pod: string, container: string): string {
  return join(lab.dir, pod, container);
}

/** A process in a container of a pod; `drain` is the preStop hook of the server's. */
export function containerProcess(
  template: PodTemplate,
  { ordinal, address }: { readonly ordinal: number; readonly address: string },
  what: ContainerName | "drain",
): PodProcess {
  const { args, env } = podProcess(template, ordinal, address);
  const [, ...server] = args;
  const container = what === "drain" ? "mariadb" : what;
  const words = { agent: ["agent", ...server], mariadb: args, drain: ["drain"] };
  return {
    args: words[what],
    env: { ...env, [containerMark]: markOf(template.lab, podName(ordinal), container) },
  };
}

/** Debian has mariadbd in /usr/sbin, which is not on everybody's PATH. */
export function searchPath(path = "/usr/local/bin:/usr/bin:/bin"): string {
  return `${path}:/usr/local/sbin:/usr/sbin:/sbin`;
}
