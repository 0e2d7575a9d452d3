/** A start that has no agent asks itself. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadLedger } from "../../src/bootstrap/store.js";
import { peerSet } from "../../src/peers/peer-set.js";
import { consultFor } from "../../src/server/consult.js";
import type { Member, Start } from "../../src/server/start.js";
import type { Settings } from "../../src/settings.js";
import { host, serving } from "../agent/members.js";
import { at, empty } from "../bootstrap/cluster.js";
import { member, targets } from "../peers/members.js";
import { testClock } from "../system/test-clock.js";

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "consult-"));
});
afterEach(() => rmSync(stateDir, { recursive: true }));

const { signal } = new AbortController();
const dns = targets("galera-0=10.0.0.1");
const { ordinal: _, ...self } = { ...dns[0], ordinal: 0 };

async function consult(settings: Settings, clock = testClock()) {
  const me = member();
  const look: Member["look"] = async () => ({ kind: "peers", ttlS: 5, set: peerSet(dns, me) });
  const start: Start = {
    ...{
      argv: ["mariadbd"],
      script: undefined,
      datadir: stateDir,
      stateDir,
      places: [],
      account: undefined,
      notifyCommand: undefined,
    },
    ...{ ledger: undefined, evidence: empty, member: undefined },
  };
  const called = { words: [], settings: {}, env: {}, uid: 999, program: ["/nowhere"] };
  const cnf = { cnf: "", builtIn: () => "" };
  const place = { me, look, addressType: "dns", cnf, tls: undefined } as const;
  let ids = 0;
  return consultFor(called, start, place, settings, {
    ...{ clock, newId: () => `id${++ids}`, log: () => {}, signal },
  });
}

test.each<[string, Settings, string]>([
  [
    "--no-agent",
    { agent: "off" },
    "galera-0: the datadir is empty, and I am alone in a fresh DNS answer",
  ],
  ["sole-peer", { bootstrap: "sole-peer" }, "I am the only peer in DNS"],
])(
  "%s: nobody is started, and a founding is durable before it is said",
  async (_, settings, why) => {
    const consultation = await consult(settings);
    expect(readdirSync(stateDir)).toEqual([]);
    await consultation.start(empty);
    expect(await consultation.next(signal)).toEqual({
      ...{ action: "found", why, targets: [self], discard: false, asked: true },
    });
    expect(loadLedger(stateDir)).toMatchObject({
      ...{
        uuid: undefined,
        foundings: [{ epoch: 1, seqno: -1n }],
        view: { members: ["galera-0"] },
      },
    });
  },
);

test("what was recovered is what is decided on, not what was found first", async () => {
  const consultation = await consult({ agent: "off" });
  await consultation.start(at(9, { safeToBootstrap: true }));
  expect((await consultation.next(signal)).why).toMatch(/^galera-0 has 8b1f…:9, /);
  expect(loadLedger(stateDir)?.foundings).toMatchObject([{ seqno: 9n }]);
});

const waiting = { action: "wait", targets: undefined, discard: false, asked: true };

test("an agent that is away for a moment is waited for, one that stays away ends the start: 70", async () => {
  const clock = testClock();
  const agent = await serving({ decision: () => ({ ...waiting, why: "galera-1" }) });
  const consultation = await consult({ podIp: [host], agentPort: agent.port }, clock);
  await consultation.start(empty);
  expect((await consultation.next(signal)).why).toBe("galera-1");
  await agent.close();
  const away = { ...waiting, why: "the agent of this pod to answer" };
  expect(await consultation.next(signal)).toEqual(away);
  await clock.advance(14_000);
  expect(await consultation.next(signal)).toEqual(away);
  const back = await serving(
    { decision: () => ({ ...waiting, why: "galera-2" }) },
    { port: agent.port },
  );
  expect((await consultation.next(signal)).why).toBe("galera-2");
  await back.close();
  expect(await consultation.next(signal)).toEqual(away);
  await clock.advance(15_000);
  await expect(consultation.next(signal)).rejects.toMatchObject({
    exitCode: 70,
    message: `the agent on ${host}:${agent.port}: connection refused`,
  });
});
