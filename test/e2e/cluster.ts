/*
 * A cluster of real servers for the proofs of who founds: `galera-peers run -- mariadbd …` once a
 * member, each in a session of its own that stands for its container, on a disk that outlives it, and
 * a fake DNS that names the pods. What clients were told is kept outside of the cluster, so that
 * `verify` can ask for it back.
 */
import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { type Connection, createConnection } from "mariadb";
import { toJson } from "../../src/bootstrap/format.js";
import type { Ledger } from "../../src/bootstrap/ledger.js";
import { readFolded } from "../../src/bootstrap/store.js";
import { hostOf } from "../../src/cnf/cluster-address.js";
import { formatServer } from "../../src/dns/lookup.js";
import { startInBackground } from "../../src/lab/background.js";
import { type FakeDns, startFakeDns } from "../../src/lab/fake-dns/server.js";
import { myCnf, podAddress, podName, podPaths, podProcess } from "../../src/lab/pod.js";
import { prepareDatadir } from "../../src/server/privileges.js";
import { systemClock as clock } from "../../src/system/clock.js";
import { commandLine, signalProcess } from "../../src/system/proc.js";
import { endSession, sessionProcesses } from "./sessions.js";

const program = fileURLToPath(new URL("../../bin/galera-peers.js", import.meta.url));

export interface ClusterOptions {
  /** Members are on 127.0.block.1 and up. */
  readonly block: number;
  /** What differs from a lab's pods, in all members. */
  readonly env?: Readonly<Record<string, string>>;
  /** Further provider options, each with a `;` in front. */
  readonly provider?: string;
  /** Agents are containers of their own, which outlive the server. */
  readonly sidecars?: boolean;
  /** An SST by rsync brings no more than this a second: it can be met in the middle. */
  readonly rsyncMiBps?: number | undefined;
  /** Members that are on another network than the tests. */
  readonly network?: Network;
}

export interface Network {
  readonly address: (ordinal: number) => string;
  /** Of another family. */
  readonly secondAddress?: (ordinal: number) => string;
  /** Each member has it to itself, as a pod has: nobody says where the server listens. */
  readonly ownPorts?: boolean;
  /** What a command of a member has in front, to be on it. */
  readonly inside: (ordinal: number) => readonly string[];
  /** Where the members reach the DNS. */
  readonly dnsHost: string;
  /** Any free one, if left out. */
  readonly dnsPort?: number;
}

export interface StartOptions {
  /** For this container only. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it is started again on its disk when it ends, as kubelet does; true if left out. */
  readonly restarts?: boolean;
}

/** What a server says of itself. */
export interface Status {
  readonly uuid: string;
  readonly size: number;
  readonly primary: boolean;
  readonly state: string;
  readonly committed: number;
}

interface Container {
  readonly pid: number;
  readonly startedMs: number;
  /** Nothing of it runs any more; gives how its first process ended. */
  readonly ended: Promise<string>;
}

interface Pod {
  container: Container | undefined;
  sidecar: Container | undefined;
  /** Whoever ends it means it. */
  wanted: boolean;
  restarts: number;
  /** Where in its log the last `start` began. */
  logMark: number;
}

/** Timeouts of the group that let a test be quick where the point is another one. */
export const quick =
  ";evs.keepalive_period=PT0.5S;evs.suspect_timeout=PT2S;evs.inactive_timeout=PT5S;evs.install_timeout=PT3S" +
  ";evs.inactive_check_period=PT0.2S;evs.join_retrans_period=PT0.3S;pc.announce_timeout=PT1S";

export type Cluster = Awaited<ReturnType<typeof createCluster>>;

export async function createCluster(options: ClusterOptions) {
  const { block, network, rsyncMiBps } = options;
  const dir = mkdtempSync(join(tmpdir(), "galera-peers-cluster-"));
  chmodSync(dir, 0o711);
  if (rsyncMiBps !== undefined) {
    // rsync reads popt's aliases at home, and the donor's script gives it `--inplace`.
    const alias = `rsync alias --inplace --inplace --bwlimit=${rsyncMiBps}M\n`;
    writeFileSync(join(dir, ".popt"), alias);
  }
  const lab = { name: "proof", dir };
  const dns: FakeDns = await startFakeDns({
    ...{ clock, log: () => {}, service: { namespace: lab.name } },
    ...(network !== undefined && { host: network.dnsHost, port: network.dnsPort ?? 0 }),
  });
  const pods = new Map<number, Pod>();
  const acknowledged = new Set<number>();
  /** Every founding that any member's ledger has ever shown, by epoch. */
  const foundings = new Map<number, Map<string, string>>();
  let lastId = 0;
  let clusterUuid: string | undefined;

  const generations = new Map<number, number>();
  const address = (i: number) =>
    network?.address(i) ?? podAddress(block, i + 10 * (generations.get(i) ?? 0));
  const addresses = (i: number) => [address(i), network?.secondAddress?.(i) ?? []].flat();
  const paths = (i: number) => podPaths(lab, podName(i));
  const pod = (i: number): Pod => {
    const none = { container: undefined, sidecar: undefined };
    const known = pods.get(i) ?? { ...none, wanted: false, restarts: 0, logMark: 0 };
    pods.set(i, known);
    return known;
  };
  const up = () => [...pods].filter(([, { wanted }]) => wanted).map(([i]) => i);

  const processOf = (i: number, what: "run" | "agent", extra: Readonly<Record<string, string>>) => {
    const template = { lab, block, dns: formatServer(dns), args: [], env: process.env };
    const { args, env } = podProcess(template, i);
    const own = address(i);
    const host = hostOf(own);
    const listens = `gmcast.listen_addr=tcp://${host}:4567;ist.recv_bind=${host};`;
    return {
      argv: [
        ...(network?.inside(i) ?? []),
        ...(what === "run" && options.sidecars ? afterSidecar(own) : []),
        ...[process.execPath, program, what, ...args.slice(1)],
        ...[`--bind-address=${network?.ownPorts ? "*" : own}`, "--innodb-log-file-size=8M"],
      ],
      env: {
        ...env,
        POD_IP: addresses(i).join(","),
        GALERA_PROVIDER_OPTIONS: `${network?.ownPorts ? "" : listens}gcache.size=16M${options.provider ?? ""}`,
        ...(rsyncMiBps !== undefined && { HOME: dir }),
        ...options.env,
        ...extra,
      },
    };
  };

  const run = (
    i: number,
    what: "run" | "agent",
    extra: Readonly<Record<string, string>>,
  ): Container => {
    const { dir: own, run: runDir, myCnf: file, log } = paths(i);
    mkdirSync(own, { recursive: true });
    chmodSync(own, 0o711);
    prepareDatadir(runDir, process.getuid?.() ?? 0, undefined);
    writeFileSync(file, myCnf(paths(i)));
    const { argv, env } = processOf(i, what, extra);
    const { pid, ended } = startInBackground(argv, env, log);
    const end = async () => {
      const how = await ended;
      await endSession(pid, own, clock);
      return how;
    };
    return { pid, startedMs: Date.now(), ended: end() };
  };

  const logSize = (i: number) => statSync(paths(i).log, { throwIfNoEntry: false })?.size ?? 0;

  const follow = (i: number, container: Container, given: StartOptions): void => {
    const own = pod(i);
    own.container = container;
    void container.ended.then(async () => {
      if (own.container !== container) return;
      own.container = undefined;
      if (!own.wanted || given.restarts === false) return;
      if (Date.now() - container.startedMs < 5000) await clock.sleep(500);
      if (!own.wanted || own.container !== undefined) return;
      own.restarts += 1;
      follow(i, run(i, "run", given.env ?? {}), given);
    });
  };

  /** What the ledgers say now, before a disk is wiped. */
  const keepFoundings = () => {
    for (const [i] of pods) {
      const { uuid, foundings: own = [] } = ledger(i) ?? {};
      if (uuid !== clusterUuid) continue; // a disk of another cluster, given to a member by a test
      for (const { epoch, id } of own) {
        const known = foundings.get(epoch) ?? new Map<string, string>();
        if (!known.has(id)) known.set(id, podName(i));
        foundings.set(epoch, known);
      }
    }
  };
  const ledger = (i: number): Ledger | undefined =>
    existsSync(paths(i).datadir) ? readFolded(paths(i).datadir) : undefined;

  const name = (i: number) => {
    const members = dns.members();
    if (members.some((one) => one.name === podName(i))) return;
    dns.setMembers([...members, { name: podName(i), addresses: addresses(i) }]);
  };
  /** The pod was made anew: it has another address from its next start on. */
  const move = (i: number) => {
    unname(i);
    generations.set(i, (generations.get(i) ?? 0) + 1);
  };
  const unname = (i: number) =>
    dns.setMembers(dns.members().filter((one) => one.name !== podName(i)));

  /** Starts a member's container on the disk that it has; its pod is in DNS from now on. */
  const start = (i: number, given: StartOptions & { readonly named?: boolean } = {}) => {
    const own = pod(i);
    assert.equal(own.container, undefined, `${podName(i)} is up`);
    if (given.named !== false) name(i);
    own.wanted = true;
    own.logMark = logSize(i);
    if (options.sidecars) own.sidecar ??= run(i, "agent", given.env ?? {});
    follow(i, run(i, "run", given.env ?? {}), given);
  };

  /** SIGTERM to the container's first process, as a pod's deletion does. */
  const stop = async (i: number, ms = 60_000) => {
    const own = pod(i);
    own.wanted = false;
    const { container } = own;
    if (container === undefined) return;
    signalProcess(container.pid, "SIGTERM");
    const late = clock.sleep(ms).then(() => undefined);
    if ((await Promise.race([container.ended, late])) !== undefined) return;
    throw new Error(`${podName(i)} has not stopped within ${ms} ms\n${tail(i)}`);
  };

  /** SIGKILL to everything in the server's container. */
  const killServer = async (i: number) => {
    const own = pod(i);
    own.wanted = false;
    await killAll(i, own.container);
  };
  const killAll = async (i: number, container: Container | undefined) => {
    if (container === undefined) return;
    for (const pid of sessionProcesses(container.pid, paths(i).dir)) signalProcess(pid, "SIGKILL");
    await container.ended;
  };

  /** SIGKILL to everything in the pod. */
  const kill = async (i: number) => {
    const { sidecar } = pod(i);
    pod(i).sidecar = undefined;
    await Promise.all([killServer(i), killAll(i, sidecar)]);
  };

  /** SIGKILL to the sidecar alone. */
  const killAgent = async (i: number) => {
    const { sidecar } = pod(i);
    pod(i).sidecar = undefined;
    await killAll(i, sidecar);
  };
  const startAgent = (i: number) => {
    pod(i).sidecar ??= run(i, "agent", {});
  };

  /** The pod is gone for good: its disk stays. */
  const remove = async (i: number) => {
    await stop(i);
    unname(i);
  };

  const wipe = (i: number) => {
    assert.equal(pod(i).container, undefined, `${podName(i)} is up`);
    keepFoundings();
    rmSync(paths(i).datadir, { recursive: true, force: true });
  };

  /** What a member and its server have printed since its last `start`. */
  const log = (i: number) => {
    try {
      return readFileSync(paths(i).log).subarray(pod(i).logMark).toString("utf8");
    } catch {
      return "";
    }
  };
  const ownLines = (i: number) =>
    log(i)
      .split("\n")
      .filter((line) => /galera-peers: /.test(line));
  const tail = (i: number, lines = 12) =>
    [`--- ${podName(i)}`, ...ownLines(i).slice(-lines)]
      .map((line) => line.slice(0, 200))
      .join("\n");
  const tails = () => [...pods.keys()].map((i) => tail(i)).join("\n");

  const connect = (i: number): Promise<Connection> =>
    createConnection({
      ...{ socketPath: paths(i).socket, user: "root", connectTimeout: 2000 },
      ...{ multipleStatements: true, bigIntAsNumber: true },
    });

  // biome-ignore lint/suspicious/noExplicitAny: rows of any statement
  const sql = async (i: number, statement: string): Promise<any> => {
    const connection = await connect(i);
    connection.on("error", () => {});
    try {
      return await connection.query(statement);
    } finally {
      connection.destroy();
    }
  };

  const status = async (i: number): Promise<Status | undefined> => {
    try {
      const rows: { Variable_name: string; Value: string }[] = await sql(
        i,
        "SHOW GLOBAL STATUS LIKE 'wsrep_%'",
      );
      const values = new Map(rows.map((row) => [row.Variable_name, row.Value]));
      return {
        uuid: values.get("wsrep_cluster_state_uuid") ?? "",
        size: Number(values.get("wsrep_cluster_size")),
        primary: values.get("wsrep_cluster_status") === "Primary",
        state: values.get("wsrep_local_state_comment") ?? "",
        committed: Number(values.get("wsrep_last_committed")),
      };
    } catch {
      return undefined;
    }
  };

  /** Waits until these members, and no others, are one Synced cluster. */
  const allSynced = async (members: readonly number[] = up(), ms = 60_000) => {
    const what = () => `${members.map(podName).join(", ")} Synced\n${tails()}`;
    await until(
      async () => {
        const all = await Promise.all(members.map(status));
        return all.every(
          (one) => one?.state === "Synced" && one.primary && one.size === members.length,
        );
      },
      what,
      ms,
    );
  };

  /** Waits until any member is Synced in a primary component. */
  const anySynced = (ms = 60_000) =>
    until(
      async () => {
        const all = await Promise.all(up().map(status));
        return all.some((one) => one?.primary && one.state === "Synced");
      },
      () => `any member Synced\n${tails()}`,
      ms,
    );

  /** Rows, one after the other, in turn through these members; all have to be acknowledged. */
  const write = async (count: number, members: readonly number[] = up()) => {
    const connections = await Promise.all(members.map(connect));
    // A table that another member has just made is there already.
    for (const connection of connections) await connection.query("SET SESSION wsrep_sync_wait = 7");
    try {
      for (let row = 0; row < count; row += 1) {
        const connection = connections[row % members.length];
        lastId += 1;
        const id = lastId;
        await connection?.query("INSERT INTO proof.written VALUES (?, ?, REPEAT('x', 200))", [
          id,
          members[row % members.length],
        ]);
        acknowledged.add(id);
      }
    } finally {
      for (const connection of connections) connection.destroy();
    }
  };

  /** A client a member that writes, whatever happens to its server, until it is told to end. */
  const keepWriting = (members: readonly number[] = up()) => {
    let going = true;
    let count = 0;
    const client = async (i: number) => {
      let connection: Connection | undefined;
      while (going) {
        try {
          if (connection === undefined) {
            connection = await connect(i);
            connection.on("error", () => {});
          }
          lastId += 1;
          const id = lastId;
          await connection.query("INSERT INTO proof.written VALUES (?, ?, REPEAT('y', 200))", [
            id,
            i,
          ]);
          acknowledged.add(id);
          count += 1;
          await clock.sleep(5);
        } catch {
          connection?.destroy();
          connection = undefined;
          await clock.sleep(50);
        }
      }
      connection?.destroy();
    };
    const clients = members.map(client);
    return {
      written: () => count,
      end: async () => {
        going = false;
        await Promise.all(clients);
      },
    };
  };

  const createTable = (i: number) =>
    sql(
      i,
      `CREATE DATABASE proof;
       CREATE TABLE proof.written (id BIGINT PRIMARY KEY, member INT, filler BLOB);
       CREATE TABLE proof.bulk (id BIGINT PRIMARY KEY AUTO_INCREMENT, filler BLOB)`,
    );

  /** Data for an SST to take its time with. */
  const writeBulk = async (i: number, megabytes: number) => {
    for (let written = 0; written < megabytes; written += 4) {
      await sql(
        i,
        "INSERT INTO proof.bulk (filler) SELECT REPEAT(MD5(seq), 64) FROM proof.seq_1_to_2000",
      );
    }
  };

  /** Starts these members on empty disks, all at once, and waits for their cluster. */
  const found = async (members: readonly number[], env: Readonly<Record<string, string>> = {}) => {
    for (const i of members) start(i, { env });
    await allSynced(members);
    await createTable(members[0] ?? 0);
  };

  /** Waits until a member's own log has a line that matches. */
  const says = (i: number, what: RegExp, ms = 30_000) =>
    until(
      () => ownLines(i).find((line) => what.test(line)),
      () => `${podName(i)} to say ${what}\n${tails()}`,
      ms,
    );

  const endOf = async (i: number, ms = 60_000): Promise<string> => {
    const { container } = pod(i);
    if (container === undefined) throw new Error(`${podName(i)} is not up`);
    const late = clock.sleep(ms).then(() => undefined);
    const how = await Promise.race([container.ended, late]);
    if (how === undefined) throw new Error(`${podName(i)} has not ended\n${tails()}`);
    pod(i).wanted = false;
    return how;
  };

  /** One cluster, with everything that any client was told, the same on all members that are up. */
  const verify = async (members: readonly number[] = up(), ms = 60_000) => {
    await allSynced(members, ms);
    const all = await Promise.all(members.map(status));
    clusterUuid ??= all[0]?.uuid;
    for (const one of all) assert.equal(one?.uuid, clusterUuid, "the cluster's uuid");

    const contents = await Promise.all(
      members.map(async (i) => {
        const statements = `SET SESSION wsrep_sync_wait = 1; SELECT id FROM proof.written;
          CHECKSUM TABLE proof.written, proof.bulk, mysql.global_priv`;
        const [, rows, sums] = (await sql(i, statements)) as [
          unknown,
          { id: number }[],
          { Checksum: number }[],
        ];
        return { i, ids: new Set(rows.map(({ id }) => id)), sums: sums.map((one) => one.Checksum) };
      }),
    );
    for (const { i, ids, sums } of contents) {
      const lost = [...acknowledged].filter((id) => !ids.has(id));
      assert.deepEqual(
        lost.slice(0, 10),
        [],
        `${podName(i)} lacks ${lost.length} of ${acknowledged.size} acknowledged rows\n${tails()}`,
      );
      assert.equal(ids.size, contents[0]?.ids.size, `rows on ${podName(i)}`);
      assert.deepEqual(sums, contents[0]?.sums, `checksums on ${podName(i)}`);
    }

    const sets = [...members].sort().map((i) => `${podName(i)}: agent mariadbd`);
    await until(
      () => isDeepStrictEqual(processes(), sets), // what the server runs comes and goes
      () => `${sets}; there are ${processes()}`,
      10_000,
    );

    // What a server tells reaches the disk a moment later.
    const names = members.map(podName).sort();
    const ledgers = await until(
      () => {
        const now = members.map(ledger);
        const epochs = new Set(now.map((one) => one?.foundings.at(-1)?.epoch));
        const whole = now.every((one) =>
          isDeepStrictEqual([...(one?.view.members ?? [])].sort(), names),
        );
        return whole && epochs.size === 1 && now;
      },
      () => `ledgers that agree on ${names}: ${members.map((i) => toJson(ledger(i))).join(" ")}`,
      10_000,
    );
    keepFoundings();
    for (const [epoch, ids] of foundings) {
      const who = [...ids.values()].join(", ");
      assert.equal(ids.size, 1, `epoch ${epoch} was founded ${ids.size} times: ${who}`);
    }
    return {
      uuid: all[0]?.uuid ?? "",
      rows: contents[0]?.ids.size ?? 0,
      epoch: ledgers[0]?.foundings.at(-1)?.epoch ?? 0,
    };
  };

  /** Of every container: its programs, by name. */
  const processes = (): string[] => {
    const words = allProcesses()
      .map((pid) => commandLine(pid))
      .filter((line) => line.some((word) => word.includes(`${dir}/`)));
    const sets = new Map<string, string[]>();
    for (const line of words) {
      const [, whose = "?"] = /(galera-\d+)\//.exec(line.join(" ")) ?? [];
      const ours = line.indexOf(program); // behind Node and its flags
      const isOurs = ours > 0;
      const what = isOurs ? (line[ours + 1] ?? "") : (line[0]?.split("/").at(-1) ?? "");
      if (isOurs && what === "notify") continue;
      sets.set(whose, [...(sets.get(whose) ?? []), what]);
    }
    return [...sets].map(([whose, what]) => `${whose}: ${what.sort().join(" ")}`).sort();
  };

  const close = async () => {
    await Promise.all([...pods.keys()].map(kill));
    await dns.close();
    if (process.env.GALERA_PEERS_KEEP === undefined) rmSync(dir, { recursive: true, force: true });
    else console.log(`kept: ${dir}`);
  };

  return {
    ...{ dir, dns, acknowledged, address, paths, up, name, unname, move },
    ...{ start, stop, kill, killServer, killAgent, startAgent, remove, wipe, endOf, found, close },
    ...{
      connect,
      sql,
      status,
      anySynced,
      allSynced,
      createTable,
      write,
      writeBulk,
      keepWriting,
      verify,
    },
    ...{ log, ownLines, says, tails, ledger, processes },
    /** Whether it has, since its last `start`. */
    founded: (i: number) => ownLines(i).some((line) => founding.test(line)),
    /** What an earlier test may have left behind: no more faults, and these members up. */
    heal: async (members: readonly number[]) => {
      dns.setFaults({});
      for (const i of members) if (!pod(i).wanted) start(i);
      await allSynced(members);
    },
    restarts: (i: number) => pod(i).restarts,
    /** The first process of a member's container, which becomes the server, and of its sidecar. */
    pid: (i: number) => pod(i).container?.pid,
    agentPid: (i: number) => pod(i).sidecar?.pid,
    /** The processes of a member's container, or of what it left. */
    session: (i: number) => {
      const { container } = pod(i);
      return container === undefined ? [] : sessionProcesses(container.pid, paths(i).dir);
    },
  };
}

/** The kubelet starts a pod's containers once its sidecar's startup probe has passed. */
function afterSidecar(address: string): readonly string[] {
  const listens = `(: </dev/tcp/${address}/4569) 2>/dev/null`;
  return ["bash", "-c", `until ${listens}; do sleep 0.05; done; exec "$@"`, "bash"];
}

function allProcesses(): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);
}

/** The line of a member that founds. */
export const founding = /galera-peers: founding the cluster/;

/** For so long, a condition that must not come about is looked for. */
export async function never(unwanted: () => void, ms = 3000): Promise<void> {
  const deadline = Date.now() + ms;
  do {
    unwanted();
    await clock.sleep(100);
  } while (Date.now() < deadline);
}

/** When a log line was written. */
export function stampMs(line: string): number {
  return Date.parse(line.slice(0, 24).replace(" ", "T"));
}

/** Waits until `condition` gives something; fails with `what` after `ms`. */
export async function until<T>(
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  what: () => string,
  ms: number,
): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`not within ${ms} ms: ${what()}`);
    await clock.sleep(50);
  }
}
