/**
 * Real servers as a container runtime confines them: a UID of any kind, no capability, and a root file
 * system that is read-only but for what is mounted, in mount and PID namespaces of their own.
 */
import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect, test } from "vitest";
import { transfersOf } from "../../src/agent/transfer/processes.js";
import { signalProcess } from "../../src/system/proc.js";
import { atEnd, scratch, startDns, until } from "./cli.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const program = join(root, "bin/galera-peers.js");

/** What docs/container.md says has to be mounted. */
const mounts = ["/var/lib/mysql", "/run/mysqld", "/etc/mysql/mariadb.conf.d", "/tmp"] as const;
type Mount = (typeof mounts)[number];

/**
 * Everything but these is read-only; /tmp comes last, since the others' sources are below it, and perhaps
 * the program itself.
 */
const confine = `set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir /run/mysqld /run/program
mount --bind "$ROOT" /run/program
for pair in $MOUNTS; do mount --bind "\${pair%%:*}" "\${pair#*:}"; done
mkdir -p "$ROOT"
mount --bind /run/program "$ROOT"
for path in $READ_ONLY; do mount --bind "$path" "$path"; mount -o remount,bind,ro "$path"; done
mount -o remount,ro /run
mount -o remount,bind,ro /
exec setpriv --reuid="$ID" --regid="$GROUP" --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs -- "$@"
`;

interface Pod {
  readonly ordinal: number;
  readonly uid: number;
  readonly gid: number;
  /** Whom the data volume belongs to. */
  readonly owner: readonly [uid: number, gid: number];
}

const address = ({ ordinal }: Pod) => `127.0.88.${ordinal + 31}`;

/** The volumes of a pod, each for one mount. */
function volumes(pod: Pod): ReadonlyMap<Mount, string> {
  const directory = scratch();
  const all = mounts.map((mount, index): [Mount, string] => [mount, join(directory, `${index}`)]);
  for (const [mount, path] of all) {
    const isData = mount === "/var/lib/mysql";
    mkdirSync(path);
    chmodSync(path, isData ? 0o770 : 0o777); // of an emptyDir
    if (isData) chownSync(path, ...pod.owner);
  }
  const own = address(pod);
  const options = [
    ...["[mariadbd]", `bind-address=${own}`, "innodb_buffer_pool_size=32M"],
    ...["innodb_log_file_size=8M", "[sst]", `sockopt=",bind=${own}"`, ""],
  ];
  writeFileSync(join(new Map(all).get(mounts[2]) ?? "", "00-test.cnf"), options.join("\n"));
  return new Map(all);
}

interface Container {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
  readonly ask: (statement: string) => Promise<string | undefined>;
  /** The first process of the container. */
  readonly leader: () => number;
}

/** @param without mounts that are left out */
function start(
  pod: Pod,
  dns: Awaited<ReturnType<typeof startDns>>,
  given: ReadonlyMap<Mount, string>,
  { without = [], env = {} }: { without?: readonly Mount[]; env?: Record<string, string> } = {},
): Container {
  const own = address(pod);
  const mounted = [...given].filter(([mount]) => !without.includes(mount));
  const namespaces = ["--mount", "--pid", "--fork", "--mount-proc"];
  const command = [process.execPath, program, "run", "--", "mariadbd"];
  const child = spawn("unshare", [...namespaces, "sh", "-c", confine, "sh", ...command], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...{ PATH: process.env.PATH, ID: `${pod.uid}`, GROUP: `${pod.gid}` },
      MOUNTS: mounted.map(([mount, source]) => `${source}:${mount}`).join(" "),
      ...{ READ_ONLY: without.join(" "), ROOT: root },
      ...{ GALERA_DNS: `127.0.0.1:${dns.port}`, GALERA_SERVICE: "galera", POD_NAMESPACE: "galera" },
      ...{ GALERA_HOSTNAME: `galera-${pod.ordinal}`, POD_IP: own, GALERA_ADDRESS_TYPE: "ip" },
      GALERA_PROVIDER_OPTIONS: `gmcast.listen_addr=tcp://${own}:4567;ist.recv_bind=${own};gcache.size=16M`,
      GALERA_AGENT_KEY: "of-these-members-and-of-nobody-else",
      MARIADB_ALLOW_EMPTY_ROOT_PASSWORD: "1",
      ...env,
    },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk;
    });
  }
  const leader = () =>
    Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim());
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  atEnd(async () => {
    const pid = (child.exitCode ?? child.signalCode) === null ? leader() : 0;
    if (pid > 0) process.kill(pid, "SIGKILL"); // with it goes its namespace
    await ended;
  });
  const socket = join(given.get("/run/mysqld") ?? "", "mysqld.sock");
  const ask = async (statement: string) => {
    const { stdout, exitCode } = await execa(
      "mariadb",
      ["-S", socket, "-u", "root", "-N", "-e", statement],
      { reject: false },
    );
    return exitCode === 0 ? stdout : undefined;
  };
  return { child, output: () => output, ended, ask, leader };
}

/** The article's user, which has a name on no machine of ours, with volumes of its own. */
const nameless: Pod = { ordinal: 0, uid: 27, gid: 27, owner: [27, 27] };
/** One of OpenShift's: any number, group 0. */
const arbitrary: Pod = { ordinal: 1, uid: 1_000_730_000, gid: 0, owner: [0, 0] };

const records = (...pods: Pod[]) =>
  pods.map((pod) => ({ name: `galera-${pod.ordinal}`, addresses: [address(pod)] }));

/** Its own lines, without the time. */
const said = (container: Container) =>
  container
    .output()
    .split("\n")
    .filter((line) => line.includes("galera-peers: "))
    .map((line) => line.replace(/^.*galera-peers: /, ""));

/** Whether its server is Synced in a component of so many members. */
async function isSynced(container: Container, size: number): Promise<boolean> {
  const state = await container.ask(
    "SELECT GROUP_CONCAT(variable_value ORDER BY variable_name) FROM information_schema.global_status WHERE variable_name IN ('wsrep_cluster_size', 'wsrep_local_state_comment')",
  );
  return state === `${size},Synced`;
}

test("a founder and a joiner of two UIDs, by rsync and by mariabackup, without any capability", async () => {
  const dns = await startDns(records(nameless));
  const founder = start(nameless, dns, volumes(nameless));
  await until(() => isSynced(founder, 1), "the founder");
  await founder.ask("CREATE DATABASE shop; CREATE TABLE shop.t (id INT PRIMARY KEY)");
  const status = readFileSync(`/proc/${founder.leader()}/status`, "utf8");
  expect(status).toMatch(/^Name:\tmariadbd$/m);
  expect(status).toMatch(/^Uid:\t27\t27\t27\t27$/m);
  expect(status).toMatch(/^CapEff:\t0+$/m);
  expect(status).toMatch(/^CapBnd:\t0+$/m);
  expect(status).toMatch(/^NoNewPrivs:\t1$/m);

  dns.setMembers(records(nameless, arbitrary));
  const disks = volumes(arbitrary);
  for (const [row, method] of ["rsync", "mariabackup"].entries()) {
    await founder.ask(`INSERT INTO shop.t VALUES (${row})`);
    const joiner = start(arbitrary, dns, disks, { env: { GALERA_SST_METHOD: method } });
    await until(() => isSynced(joiner, 2), `a joiner by ${method}`, 60_000);
    expect(await joiner.ask("SELECT COUNT(*) FROM shop.t")).toBe(`${row + 1}`);
    expect(joiner.output()).toContain(`${method} SST completed on joiner`);
    process.kill(joiner.leader(), "SIGTERM");
    expect(await joiner.ended).toBe(0);
    const data = disks.get("/var/lib/mysql") ?? "";
    for (const entry of readdirSync(data)) rmSync(join(data, entry), { recursive: true });
  }
});

/** It heeds no SIGTERM, and as the first process of its container no SIGKILL from within. */
test("a joiner that waits for the SST of a donor that was killed is ended by its agent", async () => {
  const dns = await startDns(records(nameless));
  const disks = volumes(nameless);
  const founder = start(nameless, dns, disks);
  await until(() => isSynced(founder, 1), "the founder");
  dns.setMembers(records(nameless, arbitrary));
  const itsDisks = volumes(arbitrary);
  const env = { GALERA_SST_METHOD: "rsync" };
  const joiner = start(arbitrary, dns, itsDisks, { env });
  const sending = () => transfersOf(founder.leader());
  await until(() => sending().length > 0, "the donor to send");
  for (const _ of ["what is there", "what that has begun meanwhile"]) {
    for (const pid of sending()) signalProcess(pid, "SIGSTOP");
  }
  process.kill(founder.leader(), "SIGKILL");
  await founder.ended;

  const again = start(nameless, dns, disks);
  await joiner.ended;
  expect(joiner.output()).toMatch(/ending my server, so that another one can found: /);
  expect(joiner.output()).toMatch(/killing my server: it has not ended for \d+ s/);
  const rejoined = start(arbitrary, dns, itsDisks, { env });
  await until(() => isSynced(again, 2), "the founder that was killed", 60_000);
  await until(() => isSynced(rejoined, 2), "the joiner", 60_000);
}, 240_000);

test.each(mounts)(
  "without %s the start ends with one line, before anything happens",
  async (mount) => {
    const given = volumes(nameless);
    const container = start(nameless, await startDns(records(nameless)), given, {
      without: [mount],
    });
    expect(await container.ended).toBe(78);
    expect(said(container)).toEqual([
      expect.stringMatching(
        new RegExp(
          `^the .* ${mount} is not writable for uid 27: mount a.*(read-only file system|belongs to)`,
        ),
      ),
    ]);
    expect(readdirSync(given.get("/var/lib/mysql") ?? "")).toEqual([]);
  },
);

test("all that is missing is told at once", async () => {
  const container = start(nameless, await startDns(records(nameless)), volumes(nameless), {
    without: mounts,
  });
  expect(await container.ended).toBe(78);
  expect(said(container).map((line) => / (\/\S+) is not writable/.exec(line)?.[1])).toEqual([
    ...["/var/lib/mysql", "/run/mysqld", "/tmp", "/etc/mysql/mariadb.conf.d"],
  ]);
});

test.each([
  [
    "a volume of another user",
    { ...arbitrary, owner: [999, 999] } as Pod,
    /^the datadir \/var\/lib\/mysql is not writable for uid 1000730000: mount a volume there that this uid or its group 0 may write \(in Kubernetes: securityContext.fsGroup\); \/var\/lib\/mysql belongs to 999:999, mode 0770$/,
  ],
  [
    "root without a capability, as a file server that squashes root leaves it",
    { ...arbitrary, uid: 0, owner: [999, 999] } as Pod,
    /^the datadir \/var\/lib\/mysql is not writable for uid 0: mount a volume/,
  ],
])("%s", async (_, pod, line) => {
  const container = start(pod, await startDns(records(pod)), volumes(pod));
  expect(await container.ended).toBe(78);
  expect(said(container)[0]).toMatch(line);
});

test("files of another user in a volume that is writable", async () => {
  const given = volumes(arbitrary);
  const file = join(given.get("/var/lib/mysql") ?? "", "ibdata1");
  writeFileSync(file, "", { mode: 0o600 });
  chownSync(file, 999, 999);
  const container = start(arbitrary, await startDns(records(arbitrary)), given);
  expect(await container.ended).toBe(78);
  expect(said(container)).toEqual([
    expect.stringMatching(
      /^\/var\/lib\/mysql\/ibdata1 in the datadir is not writable for uid 1000730000: run as its owner \(in Kubernetes: securityContext.runAsUser: 999\), or .* belongs to 999:999, mode 0600$/,
    ),
  ]);
});
