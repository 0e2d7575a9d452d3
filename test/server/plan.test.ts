/** The dry run with real files, and a stand-in for DNS; the other members' agents are not there. */
import {
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
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadTold, saveLedger, saveTold } from "../../src/bootstrap/store.js";
import type { Query } from "../../src/dns/client.js";
import { formatGrastate, zeroUuid } from "../../src/galera/grastate.js";
import { formatPlan, plan } from "../../src/server/plan.js";
import type { Settings } from "../../src/settings.js";
import { ledger, uuid } from "../bootstrap/cluster.js";
import { fqdn } from "../peers/members.js";
import { testClock } from "../system/test-clock.js";

let directory: string;
let data: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "plan-"));
  data = join(directory, "data");
  mkdirSync(data);
  writeFileSync(join(directory, "my.cnf"), `!include ${join(directory, "galera.cnf")}\n`);
});
afterEach(() => rmSync(directory, { recursive: true }));

function disk(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(data, name), text);
}

const grastate = (id: string, seqno: number, safe: number) =>
  formatGrastate({ uuid: id, seqno: BigInt(seqno), safeToBootstrap: safe === 1 });

interface Situation {
  /** Ordinals that DNS names, me among them; none: there is no such service. */
  readonly named?: readonly number[];
  readonly settings?: Settings;
  readonly env?: Readonly<Record<string, string>>;
  readonly words?: readonly string[];
  readonly single?: boolean;
}

/** What galera-0 would do. */
function planned({ named = [0], settings, env, words, single }: Situation = {}) {
  const reply = {
    ...{ rcode: "NOERROR", truncated: false, invalid: 0, ttlS: 5 },
    srv: named.map((ordinal) => ({
      ...{ target: fqdn(`galera-${ordinal}`), port: 3306, priority: 0, weight: 1 },
    })),
    // 127.255.255.x: nobody listens there.
    addresses: new Map(
      named.map((ordinal) => [fqdn(`galera-${ordinal}`), [`127.255.255.${ordinal + 1}`]]),
    ),
  };
  const query: Query = async () =>
    named.length === 0
      ? { kind: "empty", why: "nxdomain", ttlS: 5 }
      : { kind: "answer", value: reply, ttlS: 5 };
  let ids = 0;
  return plan(
    words ?? ["mariadbd", `--defaults-file=${directory}/my.cnf`, `--datadir=${data}`],
    {
      cnf: join(directory, "galera.cnf"),
      ...(single ? {} : { namespace: "db", service: "galera" }),
      ...settings,
    },
    {
      env: { MARIADB_ROOT_PASSWORD: "geheim", ...env },
      host: {
        ...{ hostname: "galera-0", hosts: "", resolvConf: "", namespace: undefined },
        addresses: ["127.255.255.1"],
        limits: { memoryBytes: undefined, cpus: undefined },
      },
      createQuery: () => query,
      signal: new AbortController().signal,
      uid: 999,
      clock: testClock(),
      newId: () => `id${++ids}`,
    },
  );
}

/** All files with their text: a dry run changes none. */
function everything(): string {
  return readdirSync(directory, { recursive: true })
    .map((name) => join(directory, `${name}`))
    .map((path) => `${path} ${statSync(path).isFile() ? readFileSync(path) : ""}`)
    .join("\n");
}

const founds = { action: "found" };

describe("what would be done", () => {
  test("an empty datadir, alone", async () => {
    const result = await planned();
    expect(result).toMatchObject({
      ...{ member: fqdn("galera-0"), ordinal: 0, datadir: data, fresh: true },
      evidence: "the datadir is empty",
      decision: {
        ...founds,
        why: "galera-0: the datadir is empty, and I am alone in a fresh DNS answer",
      },
      cnf: { path: join(directory, "galera.cnf"), changed: true },
    });
    expect(result.command?.slice(-1)).toEqual(["--wsrep-new-cluster"]);
    expect(result.cnf?.diff).toContain(`+wsrep_cluster_address=gcomm://${fqdn("galera-0")}`);
  });

  test("a position, alone in the last component", async () => {
    saveLedger(data, ledger(1));
    disk({ "grastate.dat": grastate(uuid, 9, 0) });
    const { decision, command } = await planned();
    expect(decision).toEqual({
      ...founds,
      why: "galera-0 has 8b1f…:9, and I was alone in the last primary component",
    });
    expect(command?.slice(-2)).toEqual(["--wsrep-new-cluster", `--wsrep_start_position=${uuid}:9`]);
  });

  test("others whose agents are silent", async () => {
    saveLedger(data, ledger(2));
    disk({ "grastate.dat": grastate(uuid, 9, 0) });
    const { decision, command, cnf } = await planned({ named: [0, 1] });
    expect(decision.action).toBe("wait");
    expect(decision.why).toMatch(/^galera-1: its agent: .*; galera-0 has 8b1f…:9$/);
    expect({ command, cnf }).toEqual({ command: undefined, cnf: undefined });
  });

  test("others, as the sole peer", async () => {
    const { decision } = await planned({ named: [0, 1], settings: { bootstrap: "sole-peer" } });
    expect(decision).toEqual({ action: "join", why: "DNS names galera-1" });
  });

  test("a place that `run` could not write in: it would end at once, and the plan goes on", async () => {
    const cnf = join(directory, "missing", "galera.cnf");
    const result = await planned({ settings: { cnf } });
    expect(result.refused).toEqual([
      expect.stringContaining(
        `directory of galera.cnf ${join(directory, "missing")} is not writable`,
      ),
      expect.stringMatching(/^the server's option files give it another wsrep_cluster_address/),
    ]);
    expect(result.decision.action).toBe("found");
    expect(formatPlan(result)).toMatch(/^refused {4}the directory of galera\.cnf .*missing/m);
  });

  test("data of no cluster", async () => {
    disk({ ibdata1: "" });
    expect((await planned()).decision.action).toBe("hold");
  });

  test("no record of mine", async () => {
    const { decision, peers } = await planned({ named: [] });
    expect(decision.action).toBe("wait");
    expect(decision.why).toMatch(/^my own SRV record: .* \(NXDOMAIN\)$/);
    expect(peers).toBeUndefined();
  });

  test("a single node", async () => {
    const { decision, command } = await planned({ single: true });
    expect(decision.action).toBe("single");
    expect(command?.at(-1)).toBe(`--datadir=${data}`);
  });

  test("another command", async () => {
    const result = await planned({ words: ["bash", "-c", "true"] });
    expect(result).toMatchObject({
      decision: { action: "untouched" },
      command: ["bash", "-c", "true"],
    });
  });

  test("what the last server told counts, and is not folded", async () => {
    const view = { number: 9, members: ["galera-0", "galera-1"] };
    saveLedger(data, ledger(1));
    saveTold(data, { status: "synced", current: undefined, primary: { uuid, view, synced: true } });
    disk({ "grastate.dat": grastate(uuid, 9, 0) });
    expect((await planned()).decision.why).toMatch(/^galera-1: no DNS record;/);
    expect(loadTold(data)?.primary?.view).toEqual(view);
  });
});

test.each<[string, Readonly<Record<string, string>>, Situation]>([
  ["empty", {}, {}],
  ["a position", { "grastate.dat": grastate(uuid, 9, 1), "gvwstate.dat": "" }, {}],
  ["a crash", { "grastate.dat": grastate(uuid, -1, 1), "gvwstate.dat": "" }, {}],
  ["half of an SST", { "grastate.dat": grastate(zeroUuid, -1, 0), "wsrep_sst.pid": "7" }, {}],
  ["sole-peer", { ibdata1: "" }, { settings: { bootstrap: "sole-peer" } }],
])("nothing is changed: %s", async (_, files, situation) => {
  disk(files);
  const before = everything();
  await planned(situation);
  expect(everything()).toBe(before);
});

test("a founder without a way in for root: 78", async () => {
  await expect(planned({ env: { MARIADB_ROOT_PASSWORD: "" } })).rejects.toMatchObject({
    exitCode: 78,
  });
});

test("a damaged ledger: 65", async () => {
  disk({ "galera-peers.ledger.log": "" });
  await expect(planned()).rejects.toMatchObject({ exitCode: 65 });
});

test("for people", async () => {
  const settings = { bootstrap: "sole-peer" } as const;
  const text = formatPlan(await planned({ named: [0, 1], settings })).replaceAll(directory, "/tmp");
  const [head = "", tail = ""] = text.split(/\nIndex: [\s\S]*(?=command )/);
  expect(`${head}\n${tail}`).toBe(`member     galera-0.galera.db.svc.cluster.local
datadir    /tmp/data: the datadir is empty
peers      galera-0.galera.db.svc.cluster.local 127.255.255.1
           galera-1.galera.db.svc.cluster.local 127.255.255.2
answer     fresh: my record carries my address
decision   join: DNS names galera-1
galera.cnf /tmp/galera.cnf would be written:
command    mariadbd --defaults-file=/tmp/my.cnf --datadir=/tmp/data`);
});
