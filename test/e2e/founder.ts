/*
 * A server that is initialised in a test: a cluster's founder, or a single node, with a datadir of its
 * own. Clients come from an address of their own, too, or over the socket, as `localhost`.
 */
import { chownSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { execa } from "execa";
import { createConnection } from "mariadb";
import { errnoOf } from "../../src/system/failure.js";
import { scratch, startCli, startDns, until } from "./cli.js";

export interface FounderOptions {
  /** Where the server listens. */
  readonly address: string;
  readonly env: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Lines of its option file, in the group `[mariadbd]`. */
  readonly cnf?: readonly string[];
  /** Without Kubernetes. */
  readonly single?: boolean;
}

export interface Login {
  readonly user: string;
  readonly password: string;
  readonly database?: string;
  /** The client's address, or `localhost`. */
  readonly from?: string;
}

export type Founder = Awaited<ReturnType<typeof createFounder>>;

export async function createFounder({ address, args = [], cnf = [], ...given }: FounderOptions) {
  const directory = serverScratch();
  const path = (name: string) => join(directory, name);
  const include = given.single ? "" : `!include ${path("galera.cnf")}\n`;
  writeFileSync(path("my.cnf"), `${["[mariadbd]", ...cnf].join("\n")}\n${include}`);
  const words = [
    ...["run", "--", "mariadbd", `--defaults-file=${path("my.cnf")}`],
    ...[`--datadir=${path("data")}`, `--socket=${path("sock")}`, `--pid-file=${path("pid")}`],
    ...[`--bind-address=${address}`, "--innodb-buffer-pool-size=32M", "--innodb-log-file-size=8M"],
    "--skip-name-resolve",
    ...args,
  ];
  const pod = given.single ? {} : await podEnv(address, path);
  // A server that starts removes the temporary tables that it finds in /tmp.
  const env = { TMPDIR: directory, ...given.env, ...pod };
  return {
    ...{ directory, data: path("data"), socket: path("sock") },
    start: () => startCli("galera-peers", words, env),
    ask: (sql: string, login: Login) => ask(address, path("sock"), sql, login),
    /** Waits until this login gets its first rows of a server that goes on. */
    ready: ({ child, output }: ReturnType<typeof startCli>, login: Login) =>
      until(
        () => {
          if (child.exitCode !== null) throw new Error(output());
          const sql = "select count(*) from mysql.user";
          return ask(address, path("sock"), sql, login).catch(() => undefined);
        },
        `${login.user} to get in`,
        60_000,
      ),
    /** Ends what a killed start has left running, as a container's end does. */
    endAll: () => endAll(directory),
  };
}

async function podEnv(address: string, path: (name: string) => string) {
  const dns = await startDns([{ name: "galera-0", addresses: [address] }]);
  return {
    ...{ GALERA_DNS: `127.0.0.1:${dns.port}`, GALERA_SERVICE: "galera", POD_NAMESPACE: "galera" },
    ...{ GALERA_HOSTNAME: "galera-0", POD_IP: address, GALERA_ADDRESS_TYPE: "ip" },
    ...{ GALERA_CNF: path("galera.cnf"), GALERA_SST_METHOD: "rsync" },
    GALERA_PROVIDER_OPTIONS: `gmcast.listen_addr=tcp://${address}:4567;gcache.size=16M`,
  };
}

/** A directory that the server's account may enter and write. */
export function serverScratch(): string {
  const directory = scratch();
  mkdirSync(join(directory, "data"));
  const { uid, gid } = statSync("/var/lib/mysql");
  for (const path of [directory, join(directory, "data")]) chownSync(path, uid, gid);
  return directory;
}

/** The first column of what a statement gives. */
async function ask(
  host: string,
  sock: string,
  sql: string,
  login: Login,
): Promise<readonly unknown[]> {
  const { user, password, database, from = "127.0.81.200" } = login;
  const connection = await createConnection({
    ...{ user, password, rowsAsArray: true, bigIntAsNumber: true },
    ...(database !== undefined && { database }),
    stream: () =>
      connect(from === "localhost" ? { path: sock } : { host, port: 3306, localAddress: from }),
  });
  try {
    const rows: unknown = await connection.query(sql);
    return Array.isArray(rows) ? rows.map(([first]) => first) : [];
  } finally {
    await connection.end();
  }
}

async function endAll(directory: string): Promise<void> {
  await until(async () => {
    const { stdout } = await execa("pgrep", ["-f", directory], { reject: false });
    const pids = stdout.split("\n").filter(Boolean).map(Number);
    for (const pid of pids) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {} // it has ended by itself
    }
    return pids.length === 0;
  }, "the leftovers to be gone");
}

/** What a file of a server that runs holds: nothing if it is gone, as what is renamed once it is written. */
export function contentOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}

/** Every file below a directory. */
export function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
