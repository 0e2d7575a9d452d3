/** The way of a start with real files, and stand-ins for DNS, the server's tools and exec. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Consultation } from "../../src/agent/consult.js";
import type { Ordered } from "../../src/agent/ordered.js";
import { initialisationNote } from "../../src/bootstrap/datadir.js";
import type { Evidence } from "../../src/bootstrap/evidence.js";
import { loadLedger, loadTold, saveLedger, saveTold } from "../../src/bootstrap/store.js";
import { formatGrastate, zeroUuid } from "../../src/galera/grastate.js";
import type { Accounts } from "../../src/server/initialise/accounts.js";
import type { Launch } from "../../src/server/launch.js";
import { run } from "../../src/server/run.js";
import type { Settings } from "../../src/settings.js";
import type { Clock } from "../../src/system/clock.js";
import type { RunProcess } from "../../src/system/processes.js";
import { ledger, uuid } from "../bootstrap/cluster.js";
import { listenAt } from "./initialise/stand-in.js";

const suffix = "galera.db.svc.cluster.local";

/** Waits take no time. */
let nowMs = 0;
const clock: Clock = {
  now: () => nowMs,
  sleep: async (ms) => {
    nowMs += ms;
  },
};

let directory: string;
let data: string;
beforeEach(() => {
  nowMs = 0;
  directory = mkdtempSync(join(tmpdir(), "run-"));
  data = join(directory, "data");
  mkdirSync(data);
  writeFileSync(join(directory, "my.cnf"), `!include ${join(directory, "galera.cnf")}\n`);
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Fills the datadir. */
function disk(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(data, name), text);
}

const grastate = (id: string, seqno: number, safe: number) =>
  formatGrastate({ uuid: id, seqno: BigInt(seqno), safeToBootstrap: safe === 1 });

interface Situation {
  readonly others?: number;
  readonly script?: string;
  readonly single?: boolean;
  /** What mariadbd --wsrep-recover says. */
  readonly recovered?: string;
  /** What the agent says, one after the other; the last for ever. */
  readonly orders?: readonly Partial<Ordered>[];
  readonly settings?: Settings;
  readonly args?: readonly string[];
  readonly accounts?: Accounts;
  /** The user's files for a new server. */
  readonly scripts?: readonly string[];
  /** The programs that there are, if not this machine's. */
  readonly programs?: readonly string[];
  /** Called whenever the agent is asked. */
  readonly asked?: () => void;
}

const root = { kind: "password", password: "geheim" } as const;
const notify = (place: string, stateDir = place) =>
  `--wsrep-notify-cmd='timeout' '-k' '1' '5' '/node' '/galera-peers.js' 'notify' '--datadir' '${place}' '--state-dir' '${stateDir}'`;

/** Makes a directory with these programs in it. */
function programsIn(path: string, names: readonly string[]): string {
  mkdirSync(path);
  for (const name of names) symlinkSync("/bin/sh", join(path, name));
  return path;
}

/** Runs galera-0 up to its exec: the command line, the tools that ran, and the files then. */
async function start(situation: Situation = {}) {
  const { others = 0, script, single, recovered, settings, args = [], asked } = situation;
  const { orders = [{ action: others > 0 ? "join" : "found" }] } = situation;
  const scriptsDirectory = join(directory, "initdb.d");
  mkdirSync(scriptsDirectory, { recursive: true });
  for (const name of situation.scripts ?? []) writeFileSync(join(scriptsDirectory, name), "");
  const PATH = situation.programs
    ? programsIn(join(directory, "bin"), situation.programs)
    : process.env.PATH;
  const tools: string[] = [];
  const said: string[] = [];
  const evidences: Evidence[] = [];
  const runProcess: RunProcess = async (file, given, { env }) => {
    expect(env).toHaveProperty("MARIADB_ROOT_PASSWORD", undefined);
    tools.push(
      [file, ...given.filter((arg) => /^--(bootstrap|wsrep-recover)$/.test(arg))].join(" "),
    );
    if (file === "mariadb-install-db") {
      expect(existsSync(join(data, initialisationNote))).toBe(true);
      disk({ ibdata1: "" });
    }
    return { exitCode: 0, output: `WSREP: Recovered position: ${recovered}` };
  };
  const targets = Array.from({ length: others + 1 }, (_, ordinal) => ({
    name: `galera-${ordinal}.${suffix}`,
    addresses: [`10.0.0.${ordinal + 1}`],
  }));
  let asks = 0;
  const consultation: Consultation = {
    ended: async () => {},
    start: async (evidence) => void evidences.push(evidence),
    next: async () => {
      asked?.();
      const order = orders[Math.min(asks, orders.length - 1)];
      asks += 1;
      return { action: "wait", why: "so it is", targets, discard: false, asked: true, ...order };
    },
  };
  let launched: Launch | undefined;
  const server = ["mariadbd", `--defaults-file=${directory}/my.cnf`, `--datadir=${data}`];
  const failure = await run(
    { kind: "server", argv: [...server, ...args], script },
    {
      cnf: join(directory, "galera.cnf"),
      ...(single ? {} : { namespace: "db", service: "galera" }),
      ...settings,
    },
    {
      ...{ runProcess, clock, newId: () => "0123456789abcdef", uid: process.getuid?.() ?? 0 },
      log: (level, message) => said.push(`${level}: ${message}`),
      env: { MARIADB_ROOT_PASSWORD: "geheim", PATH },
      signal: new AbortController().signal,
      accounts: situation.accounts ?? { root, rootHost: "%", skipsTimeZones: true },
      host: {
        ...{ hostname: "galera-0", hosts: "", resolvConf: "", namespace: undefined },
        addresses: ["10.0.0.1"],
        limits: { memoryBytes: undefined, cpus: undefined },
      },
      createQuery: () => () => Promise.reject(new Error("not looked up here")),
      scriptsDirectory,
      program: ["/node", "/galera-peers.js"],
      consult: async () => consultation,
      launch: async (what) => {
        launched = what;
        throw new Error("launched");
      },
    },
  ).catch((error: Error) => error);
  if (launched === undefined) throw failure;
  const given = [...server, ...args, "--user=mysql", notify(data)];
  const argv = launched.argv.filter((word) => !given.includes(word));
  const { PATH: _, ...env } = launched.env;
  return { argv, tools, env, said, evidences, words: launched.argv };
}

const grastateNow = () => readFileSync(join(data, "grastate.dat"), "utf8");

const initialised = ["mariadb-install-db"];

test("a founder initialises, and its note becomes grastate.dat", async () => {
  expect(await start()).toMatchObject({
    ...{ argv: ["--wsrep-new-cluster"], tools: initialised, env: {} },
  });
  expect(existsSync(join(data, initialisationNote))).toBe(false);
  expect(readFileSync(join(data, "grastate.dat"), "utf8")).toMatch(/^safe_to_bootstrap: 1$/m);
});

test("a single node initialises, and has no grastate.dat", async () => {
  expect(await start({ single: true })).toMatchObject({ argv: [], tools: initialised, env: {} });
  expect(existsSync(join(data, initialisationNote))).toBe(false);
  expect(existsSync(join(data, "grastate.dat"))).toBe(false);
});

test("a single node starts on its databases, and not among files that are none: 75", async () => {
  disk({ "notes.txt": "" });
  await expect(start({ single: true })).rejects.toMatchObject({
    ...{ exitCode: 75, message: expect.stringMatching(/^held: .* is not empty, and has no datab/) },
  });
  expect(readdirSync(data)).toEqual(["notes.txt"]);
  mkdirSync(join(data, "mysql"));
  expect(await start({ single: true })).toMatchObject({ argv: [], tools: [] });
});

test("a joiner runs nothing but the server, on an empty datadir", async () => {
  expect(await start({ others: 1 })).toMatchObject({ argv: [], tools: [], env: {} });
});

test("a joiner clears an initialisation that was cut off, its note too", async () => {
  disk({ [initialisationNote]: "", ibdata1: "half" });
  expect((await start({ others: 1 })).tools).toEqual([]);
  expect(existsSync(join(data, "ibdata1"))).toBe(false);
  expect(existsSync(join(data, initialisationNote))).toBe(false);
});

test("a founder with a position initialises nothing and removes nothing", async () => {
  disk({ "grastate.dat": grastate(uuid, 7, 1), ibdata1: "data", [initialisationNote]: "" });
  expect(await start()).toMatchObject({
    ...{ tools: [], env: {} },
    argv: ["--wsrep-new-cluster", `--wsrep_start_position=${uuid}:7`],
  });
  expect(readFileSync(join(data, "ibdata1"), "utf8")).toBe("data");
});

test.each([
  [`${uuid}:9`, [`--wsrep_start_position=${uuid}:9`], grastate(uuid, 9, 0)],
  ["00000000-0000-0000-0000-000000000000:-1", [], grastate(uuid, -1, 0)],
])("after a crash the recovered position %s gives %j", async (recovered, argv, then) => {
  disk({ "grastate.dat": grastate(uuid, -1, 0), "gvwstate.dat": "my_uuid: x" });
  const started = await start({ others: 1, recovered });
  expect(started).toMatchObject({ argv, tools: ["mariadbd --wsrep-recover"] });
  expect(started.evidences).toMatchObject([{ kind: "position", uuid, certain: true }]);
  expect(grastateNow()).toBe(then);
  expect(existsSync(join(data, "gvwstate.dat"))).toBe(false);
});

test("a founder that was killed before its first write starts from where it founded", async () => {
  const zero = "00000000-0000-0000-0000-000000000000";
  disk({ "grastate.dat": grastate(uuid, -1, 1) });
  const { foundings, ...rest } = ledger(2);
  const last = { epoch: 9, id: "0000000000000009", seqno: 561n };
  saveLedger(data, { ...rest, foundings: [...foundings, last] });
  const { argv } = await start({ recovered: `${zero}:-1` });
  expect(argv).toEqual(["--wsrep-new-cluster", `--wsrep_start_position=${uuid}:561`]);
  expect(grastateNow()).toMatch(/^seqno: +561$/m);
});

test.each([
  ["sole-peer", true],
  ["safe", false],
] as const)("%s: a joiner's gvwstate.dat stays: %j", async (bootstrap, stays) => {
  disk({ "grastate.dat": grastate(uuid, 9, 0), "gvwstate.dat": "view" });
  await start({ others: 1, settings: { bootstrap } });
  expect(existsSync(join(data, "gvwstate.dat"))).toBe(stays);
});

test("a damaged grastate.dat is told, recovered and mended", async () => {
  saveLedger(data, ledger(2));
  disk({ "grastate.dat": "\0\0", ibdata1: "data" });
  mkdirSync(join(data, "mysql"));
  const { argv, said } = await start({ recovered: `${uuid}:9` });
  expect(argv).toEqual(["--wsrep-new-cluster", `--wsrep_start_position=${uuid}:9`]);
  expect(said[0]).toBe(
    `warn: ${data}/grastate.dat:1: not a line of grastate.dat: "\\u0000\\u0000"; InnoDB has the position too`,
  );
  expect(grastateNow()).toBe(grastate(uuid, 9, 1));
});

test("what may be half of an SST has no position, but for a founder", async () => {
  disk({ "grastate.dat": grastate(zeroUuid, -1, 0) });
  mkdirSync(join(data, "mysql"));
  const joined = await start({ others: 1, recovered: `${uuid}:9` });
  expect(joined.argv).toEqual([]);
  expect(joined.evidences).toMatchObject([{ kind: "position", certain: false }]);
  expect(grastateNow()).toBe(grastate(zeroUuid, -1, 0));
  expect((await start({ recovered: `${uuid}:9` })).argv).toEqual([
    "--wsrep-new-cluster",
    `--wsrep_start_position=${uuid}:9`,
  ]);
});

test("data that are given up have no position", async () => {
  disk({ "grastate.dat": grastate(uuid, 9, 1), ibdata1: "data" });
  const { argv } = await start({ others: 1, orders: [{ action: "join", discard: true }] });
  expect(argv).toEqual([]);
  expect(grastateNow()).toBe(grastate(zeroUuid, -1, 0));
});

describe("until it is decided", () => {
  test("a start waits, and says once what for", async () => {
    const orders = [
      { why: "DNS", targets: undefined },
      { why: "DNS", targets: undefined },
      { why: "the grant of galera-1" },
      { action: "found", why: "all grant it" } as const,
    ];
    const { said } = await start({ orders });
    expect(said.slice(0, 3)).toEqual([
      "info: waiting for DNS",
      "info: waiting for the grant of galera-1",
      "info: founding the cluster: all grant it",
    ]);
  });

  test("it asks five times a second", async () => {
    const times: number[] = [];
    const orders = [...Array.from({ length: 20 }, () => ({})), { action: "join" } as const];
    await start({ orders, asked: () => times.push(nowMs) });
    expect((times.at(-1) ?? 0) - (times.at(-6) ?? 0)).toBe(1000);
  });

  test("nothing is changed", async () => {
    disk({ "grastate.dat": grastate(uuid, 9, 1), "gvwstate.dat": "" });
    const files = readdirSync(data);
    const asked = () => {
      expect(readdirSync(data)).toEqual(files);
      expect(grastateNow()).toBe(grastate(uuid, 9, 1));
      expect(existsSync(join(directory, "galera.cnf"))).toBe(false);
    };
    await start({ orders: [{}, {}, { action: "join" }], asked });
  });

  test("a hold ends it: 75", async () => {
    disk({ "grastate.dat": grastate(uuid, 9, 1) });
    const orders = [{}, { action: "hold", why: "diverged: …" } as const];
    await expect(start({ orders })).rejects.toMatchObject({
      ...{ exitCode: 75, message: "held: diverged: …" },
    });
    expect(grastateNow()).toBe(grastate(uuid, 9, 1));
  });

  test("GALERA_TLS without a directory ends it before anybody is asked: 78", async () => {
    const asked = () => expect.unreachable();
    await expect(start({ asked, settings: { tls: "dynamic" } })).rejects.toMatchObject({
      exitCode: 78,
      message: expect.stringMatching(
        /^GALERA_TLS \(--tls\) is dynamic, and there is no GALERA_TLS_/,
      ),
    });
    expect(readdirSync(data)).toEqual([]);
  });

  test("a galera.cnf that the server would not read ends it before anybody is asked: 78", async () => {
    const asked = () => expect.unreachable();
    writeFileSync(join(directory, "my.cnf"), "");
    await expect(start({ asked })).rejects.toMatchObject({
      exitCode: 78,
      message: expect.stringMatching(/^the server's option files give it another wsrep_cluster_/),
    });
    expect(readdirSync(data)).toEqual([]);
  });

  test("data of no cluster ends it before anybody is asked: 75", async () => {
    disk({ ibdata1: "data" });
    const asked = () => expect.unreachable();
    await expect(start({ asked })).rejects.toMatchObject({
      exitCode: 75,
      message: expect.stringMatching(
        /^held: the datadir holds data that never belonged to a cluster, and joining would/,
      ),
    });
    expect(readdirSync(data)).toEqual(["ibdata1"]);
  });

  test("the sole peer may found from it, and leaves it alone", async () => {
    disk({ ibdata1: "data" });
    const started = await start({ settings: { bootstrap: "sole-peer" } });
    expect(started).toMatchObject({ argv: ["--wsrep-new-cluster"], tools: [] });
    expect(readdirSync(data)).toEqual(["ibdata1"]);
    // A server that never came up has left no grastate.dat; the founding is in the ledger.
    saveLedger(data, {
      ...ledger(1, { view: { number: 0, members: ["galera-0"] } }),
      uuid: undefined,
    });
    const again = await start({ settings: { bootstrap: "sole-peer" } });
    expect(again).toMatchObject({ argv: ["--wsrep-new-cluster"], tools: [] });
    expect(readFileSync(join(data, "ibdata1"), "utf8")).toBe("data");
  });

  test.each<[string, Situation]>([
    ["a backup to restore", { scripts: ["a.tar.gz"] }],
    ["a file without its unpacker", { scripts: ["a.sql.xz"], programs: ["mariadbd", "bash"] }],
  ])("%s ends it before anybody is asked, nothing made: 78", async (_, situation) => {
    for (const single of [true, false]) {
      rmSync(join(directory, "bin"), { recursive: true, force: true });
      const asked = () => expect.unreachable();
      await expect(start({ ...situation, single, asked })).rejects.toMatchObject({ exitCode: 78 });
      expect(readdirSync(data)).toEqual([]);
    }
  });

  test("with data nobody looks at the files for a new server", async () => {
    disk({ "grastate.dat": grastate(uuid, 9, 1) });
    expect((await start({ scripts: ["a.tar.gz"] })).tools).toEqual([]);
  });

  test("data that somebody has put there while it waited ends it, and stay: 70", async () => {
    const asked = () => disk({ "grastate.dat": grastate(uuid, 9, 0), ibdata1: "" });
    await expect(start({ asked })).rejects.toMatchObject({
      exitCode: 70,
      message: expect.stringMatching(
        new RegExp(`^${data} has changed while this start waited: the datadir stands at ${uuid}:9`),
      ),
    });
    expect(grastateNow()).toBe(grastate(uuid, 9, 0));
    expect(readdirSync(data)).toContain("ibdata1");
  });

  test("a temporary server that was left behind ends it, nothing changed: 70", async () => {
    disk({ "grastate.dat": grastate(uuid, 9, 1), "gvwstate.dat": "" });
    await using _ = await listenAt(join(data, "galera-peers.sock"));
    const asked = () => expect.unreachable();
    await expect(start({ asked })).rejects.toMatchObject({ exitCode: 70 });
    expect(existsSync(join(data, "gvwstate.dat"))).toBe(true);
  });

  test("a founder without a way in for root ends it: 78, nothing made", async () => {
    const accounts = { root: undefined, rootHost: "%" };
    await expect(start({ accounts })).rejects.toMatchObject({ exitCode: 78 });
    expect(readdirSync(data)).toEqual([]);
    expect(existsSync(join(directory, "galera.cnf"))).toBe(false);
  });
});

describe("what the server tells goes to its agent", () => {
  test("by a command that it is given", async () => {
    expect((await start({ others: 1 })).words).toContain(notify(data));
  });

  test("about the state directory", async () => {
    const stateDir = join(directory, "state");
    const { words } = await start({ others: 1, settings: { stateDir } });
    expect(words).toContain(notify(data, stateDir));
    expect(statSync(stateDir).isDirectory()).toBe(true);
  });

  test("not for a single node", async () => {
    expect((await start({ single: true })).words.join(" ")).not.toContain("notify");
  });

  test("and then to a command of the user's, from the command line", async () => {
    const { words } = await start({ others: 1, args: ["--wsrep_notify_cmd=/mine"] });
    expect(words.at(-1)).toMatch(
      /^--wsrep-notify-cmd=sh -c '.*'notify'.* "\$@"; \/mine "\$@"' sh$/,
    );
  });

  test("or from the option files", async () => {
    const mine = `[mariadbd]\nwsrep-notify-cmd=/mine\n!include ${directory}/galera.cnf\n`;
    writeFileSync(join(directory, "my.cnf"), mine);
    expect((await start({ others: 1 })).words.at(-1)).toMatch(/"\$@"; \/mine "\$@"' sh$/);
  });
});

describe("the ledger", () => {
  test("is the agent's to write: a start only reads it", async () => {
    const view = { number: 9, members: ["galera-0", "galera-1"] };
    saveLedger(data, ledger(3));
    saveTold(data, { status: "synced", current: undefined, primary: { uuid, view, synced: true } });
    disk({ "grastate.dat": grastate(uuid, 9, 0) });
    const asked = () => {
      expect(loadLedger(data)).toEqual(ledger(3));
      expect(loadTold(data)?.primary?.view).toEqual(view);
    };
    await start({ others: 1, asked });
  });

  test("that is damaged ends the start before anything is done: 65", async () => {
    disk({ "galera-peers.ledger.log": "", "grastate.dat": grastate(uuid, 9, 0) });
    await expect(start({ asked: () => expect.unreachable() })).rejects.toMatchObject({
      exitCode: 65,
    });
  });

  test("survives an initialisation", async () => {
    const founder = { ...ledger(1), uuid: undefined };
    saveLedger(data, founder);
    await start();
    expect(loadLedger(data)).toEqual(founder);
  });
});

test("a peer without an address by then ends the start: 69", async () => {
  const targets = [{ name: `galera-0.${suffix}`, addresses: [] }];
  const orders = [{ action: "join", targets } as const];
  await expect(start({ orders, settings: { addressType: "ip" } })).rejects.toMatchObject({
    ...{ exitCode: 69, message: `an ip address of galera-0.${suffix} is not known any more` },
  });
});

test("half of the official script's initialisation is known by our note, and begun anew", async () => {
  const script = join(directory, "docker-entrypoint.sh");
  writeFileSync(script, "#!/bin/sh\n", { mode: 0o755 });
  await start({ script });
  expect(readdirSync(data)).toEqual([initialisationNote]);
  disk({ ibdata1: "half" });
  const again = await start({ script });
  expect(again.evidences).toEqual([{ kind: "interrupted", by: "initialisation" }]);
  expect(readdirSync(data)).toEqual([initialisationNote]);
  disk({ ibdata1: "half" });
  await start({ script, others: 1 });
  expect(readdirSync(data)).toEqual([]);
});

test("the official script initialises its founder, with the passwords that it needs", async () => {
  const script = join(directory, "docker-entrypoint.sh");
  writeFileSync(script, "#!/bin/sh\n", { mode: 0o755 });
  expect(await start({ script })).toMatchObject({
    ...{ argv: [script, "--wsrep-new-cluster"], tools: [] },
    env: { MARIADB_ROOT_PASSWORD: "geheim" },
  });
  expect(await start({ script, others: 1 })).toMatchObject({ argv: [], tools: [], env: {} });
  expect((await start({ script, single: true })).argv).toEqual([script]);
});

test("root gives a datadir of its own to the server's account", async () => {
  await start({ others: 1 });
  expect(statSync(data).uid).toBe(statSync("/var/lib/mysql").uid);
});
