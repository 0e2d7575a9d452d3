/** The way of a start with real files, and stand-ins for DNS, the server's tools and exec. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { initialisationNote } from "../../src/bootstrap/evidence.js";
import type { Query } from "../../src/dns/client.js";
import type { Launch } from "../../src/server/launch.js";
import { run } from "../../src/server/run.js";
import { systemClock } from "../../src/system/clock.js";
import type { RunProcess } from "../../src/system/processes.js";

const suffix = "galera.db.svc.cluster.local";
const uuid = "6a6ea9ba-0000-11f0-8000-000000000001";

let directory: string;
let data: string;
beforeEach(() => {
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
  `uuid: ${id}\nseqno: ${seqno}\nsafe_to_bootstrap: ${safe}\n`;

interface Situation {
  readonly others?: number;
  readonly script?: string;
  readonly single?: boolean;
  /** What mariadbd --wsrep-recover says. */
  readonly recovered?: string;
}

/** Runs galera-0 up to its exec: the command line, the tools that ran, and the files then. */
async function start({ others = 0, script, single, recovered }: Situation = {}) {
  const tools: string[] = [];
  const runProcess: RunProcess = async (file, args, { env }) => {
    expect(env).toHaveProperty("MARIADB_ROOT_PASSWORD", undefined);
    tools.push(
      [file, ...args.filter((arg) => /^--(bootstrap|wsrep-recover)$/.test(arg))].join(" "),
    );
    if (file === "mariadb-install-db") {
      expect(existsSync(join(data, initialisationNote))).toBe(true);
      disk({ ibdata1: "" });
    }
    return { exitCode: 0, output: `WSREP: Recovered position: ${recovered}` };
  };
  const names = Array.from({ length: others + 1 }, (_, ordinal) => `galera-${ordinal}.${suffix}`);
  const reply = {
    ...{ rcode: "NOERROR", truncated: false, invalid: 0, ttlS: 5 },
    srv: names.map((target) => ({ target, port: 3306, priority: 0, weight: 1 })),
    addresses: new Map([[names[0] ?? "", ["10.0.0.1"]]]),
  };
  const query: Query = async () => ({ kind: "answer", value: reply, ttlS: 5 });
  let launched: Launch | undefined;
  const server = ["mariadbd", `--defaults-file=${directory}/my.cnf`, `--datadir=${data}`];
  await run(
    { kind: "server", argv: server, script },
    {
      cnf: join(directory, "galera.cnf"),
      ...(single ? {} : { namespace: "db", service: "galera" }),
    },
    {
      ...{ runProcess, clock: systemClock, log: () => {}, uid: process.getuid?.() ?? 0 },
      env: { MARIADB_ROOT_PASSWORD: "geheim", PATH: process.env.PATH },
      signal: new AbortController().signal,
      accounts: { root: { kind: "password", password: "geheim" }, rootHost: "%" },
      host: {
        ...{ hostname: "galera-0", hosts: "", resolvConf: "", namespace: undefined },
        addresses: ["10.0.0.1"],
      },
      createQuery: () => query,
      launch: async (what) => {
        launched = what;
        throw new Error("launched");
      },
    },
  ).catch((error: Error) => {
    if (error.message !== "launched") throw error;
  });
  const argv = launched?.argv.filter((word) => !server.includes(word) && word !== "--user=mysql");
  const { PATH: _, ...env } = launched?.env ?? {};
  return { argv, tools, env };
}

const initialised = ["mariadb-install-db", "mariadbd --bootstrap"];

test("a founder initialises, and its note becomes grastate.dat", async () => {
  expect(await start()).toEqual({ argv: ["--wsrep-new-cluster"], tools: initialised, env: {} });
  expect(existsSync(join(data, initialisationNote))).toBe(false);
  expect(readFileSync(join(data, "grastate.dat"), "utf8")).toMatch(/^safe_to_bootstrap: 1$/m);
});

test("a single node initialises, and has no grastate.dat", async () => {
  expect(await start({ single: true })).toEqual({ argv: [], tools: initialised, env: {} });
  expect(existsSync(join(data, initialisationNote))).toBe(false);
  expect(existsSync(join(data, "grastate.dat"))).toBe(false);
});

test("a joiner runs nothing but the server, on an empty datadir", async () => {
  expect(await start({ others: 1 })).toEqual({ argv: [], tools: [], env: {} });
});

test("a joiner clears an initialisation that was cut off, its note too", async () => {
  disk({ [initialisationNote]: "", ibdata1: "half" });
  expect((await start({ others: 1 })).tools).toEqual([]);
  expect(existsSync(join(data, "ibdata1"))).toBe(false);
  expect(existsSync(join(data, initialisationNote))).toBe(false);
});

test("a founder with a position initialises nothing and removes nothing", async () => {
  disk({ "grastate.dat": grastate(uuid, 7, 1), ibdata1: "data", [initialisationNote]: "" });
  expect(await start()).toEqual({
    ...{ tools: [], env: {} },
    argv: ["--wsrep-new-cluster", `--wsrep_start_position=${uuid}:7`],
  });
  expect(readFileSync(join(data, "ibdata1"), "utf8")).toBe("data");
});

test.each([
  [`${uuid}:9`, [`--wsrep_start_position=${uuid}:9`]],
  ["00000000-0000-0000-0000-000000000000:-1", []],
])("after a crash the recovered position %s gives %j", async (recovered, argv) => {
  disk({ "grastate.dat": grastate(uuid, -1, 0) });
  const started = await start({ others: 1, recovered });
  expect(started).toMatchObject({ argv, tools: ["mariadbd --wsrep-recover"] });
});

test("the official script initialises its founder, with the passwords that it needs", async () => {
  const script = join(directory, "docker-entrypoint.sh");
  writeFileSync(script, "#!/bin/sh\n", { mode: 0o755 });
  expect(await start({ script })).toEqual({
    ...{ argv: [script, "--wsrep-new-cluster"], tools: [] },
    env: { MARIADB_ROOT_PASSWORD: "geheim" },
  });
  expect(await start({ script, others: 1 })).toEqual({ argv: [], tools: [], env: {} });
  expect((await start({ script, single: true })).argv).toEqual([script]);
});

test("root gives a datadir of its own to the server's account", async () => {
  await start({ others: 1 });
  expect(statSync(data).uid).toBe(statSync("/var/lib/mysql").uid);
});
