import fc from "fast-check";
import { expect, test } from "vitest";
import { formatOverview, type Paint, wrap } from "../../src/status/format.js";
import { overviewOf, type Sighting } from "../../src/status/overview.js";
import { at, connected, ledger, otherUuid, pods } from "../bootstrap/cluster.js";
import { mute, round, serves, tells, unnamed, unproved, waits } from "./sightings.js";

const plain: Paint = (_, text) => text;
const page = (sightings: readonly Sighting[], columns?: number, problem?: string) =>
  formatOverview(overviewOf(round(sightings, problem)), { paint: plain, columns }).join("\n");

test("all well", () => {
  expect(page([serves(0), serves(1), serves(2)], 80)).toBe(
    `galera.default.svc.cluster.local: 3 of 3 agents answer
cluster 8b1f4c5e-0b5a-11f0-9d2c-3a8f1e2d4c5b, epoch 1
3 of 3 ready, one primary component

MEMBER    READY  PHASE   PRIMARY  VIEW   POSITION  PAUSED  ADDRESS
galera-0  yes    synced  yes      4 (3)  8b1f…:41  0%      10.244.1.17
galera-1  yes    synced  yes      4 (3)  8b1f…:41  0%      10.244.2.17
galera-2  yes    synced  yes      4 (3)  8b1f…:41  0%      10.244.3.17`,
  );
});

test("after an outage, at 80 columns", () => {
  const why =
    "galera-1: its agent: connection refused, galera-2: its server not started; galera-0 has 8b1f…:41";
  expect(page([waits(0, 41, why), mute(1), tells(2, { ledger: ledger(3) })], 80)).toBe(
    `galera.default.svc.cluster.local: 2 of 3 agents answer
cluster 8b1f4c5e-0b5a-11f0-9d2c-3a8f1e2d4c5b, epoch 1
no primary component: 1 waiting, 1 silent, 1 idle

MEMBER    READY  PHASE    PRIMARY  VIEW  POSITION  PAUSED  ADDRESS
galera-0  no     waiting  -        -     8b1f…:41  -       10.244.1.17
galera-1  -      silent   -        -     -         -       10.244.2.17
galera-2  no     idle     -        -     -         -       10.244.3.17

galera-0 has waited 3 min: galera-1: its agent: connection refused, galera-2:
         its server not started; galera-0 has 8b1f…:41
galera-1 is silent: its agent: connection refused`,
  );
});

test("everything that can be said, at 120 columns", () => {
  const server = { ...tell(serves(0)).server, receiveQueue: 120 } as never;
  const busy = serves(1, 3, {
    ...{ server, paused: 0.42 },
    readiness: { ok: false, why: "the server is a donor, and rsync blocks it" },
    dnsProblem: "DNS: galera.default.svc.cluster.local: 10.96.0.10:53 SERVFAIL",
  });
  const stuck = tells(
    10,
    { phase: { kind: "joining" }, evidence: { kind: "empty" } },
    { liveness: { ok: false, why: "joining: nothing in the datadir has changed for 301 s" } },
  );
  const unsure = { evidence: at(1234567, { certain: false }), ledger: ledger(3) };
  const members = [
    serves(0, 3, { draining: "waiting", readiness: { ok: false, why: "draining" } }),
    busy,
    serves(2, 3, { server: undefined, paused: undefined, draining: "leaving" }),
    unnamed(3),
    unproved(4),
    tells(5, { ...unsure, phase: { kind: "waiting" } }),
    stuck,
  ];
  expect(page(members, 120)).toBe(
    `galera.default.svc.cluster.local: 5 of 7 agents answer
cluster 8b1f4c5e-0b5a-11f0-9d2c-3a8f1e2d4c5b, epoch 1
1 of 7 ready, one primary component of 3; 1 draining, 1 not ready, 1 silent, 1 unproved, 1 waiting, 1 joining

MEMBER     READY  PHASE     PRIMARY  VIEW   POSITION        PAUSED  ADDRESS
galera-0   no     draining  yes      4 (3)  8b1f…:41        0%      10.244.1.17
galera-1   no     synced    yes      4 (3)  8b1f…:41        42%     10.244.2.17
galera-2   yes    draining  yes      4 (3)  8b1f…:41        -       10.244.3.17
galera-3   -      silent    -        -      -               -       not in DNS
galera-4   -      unproved  -        -      -               -       10.244.5.17
galera-5   no     waiting   -        -      8b1f…:1234567?  -       10.244.6.17
galera-10  no     joining   -        -      empty           -       10.244.11.17

galera-0  is draining, and waits for its turn to leave
galera-1  is not ready: the server is a donor, and rsync blocks it; replication was paused for 42% of the last 10 s (120
          write-sets to apply, 0 to send); looked in DNS in vain: DNS: galera.default.svc.cluster.local: 10.96.0.10:53
          SERVFAIL
galera-2  is draining, and may leave now; gives its agent no answer by SQL
galera-3  is silent: no DNS record
galera-4  is not believed: its agent has no GALERA_AGENT_KEY, and I have one
galera-10 is not alive: joining: nothing in the datadir has changed for 301 s`,
  );
});

test("two clusters: no uuid is that of the cluster", () => {
  const other = { ledger: ledger(1, { uuid: otherUuid }), evidence: at(3, { uuid: otherUuid }) };
  const stray = tells(1, { ...other, phase: { kind: "waiting" } });
  expect(page([serves(0, 1), stray]).split("\n\n")[0]).toBe(
    `galera.default.svc.cluster.local: 2 of 2 agents answer
two clusters: 8b1f4c5e (galera-0), c0ffee00 (galera-1)`,
  );
});

test("nobody is known", () => {
  expect(page([], 80, "galera.default.svc.cluster.local: 10.96.0.10:53: no answer")).toBe(
    `galera.default.svc.cluster.local: 0 of 0 agents answer
DNS fails: galera.default.svc.cluster.local: 10.96.0.10:53: no answer; no member
  is known`,
  );
});

test("a member outside the primary component", () => {
  const apart = tells(2, { phase: { ...connected(false, 41, ["galera-2"]), status: "connected" } });
  expect(page([serves(0, 2), apart])).toContain(
    "\ngalera-2  no     connected  no       4 (1)  -         -       10.244.3.17\n",
  );
});

test("every look is where it belongs", () => {
  const painted = formatOverview(overviewOf(round([serves(0), mute(1)])), {
    paint: (look, text) => `<${look} ${text}>`,
    columns: 80,
  });
  expect(painted.slice(0, 7)).toEqual([
    "<head galera.default.svc.cluster.local: 1 of 2 agents answer>",
    "cluster 8b1f4c5e-0b5a-11f0-9d2c-3a8f1e2d4c5b, epoch 1",
    "<impaired 1 of 2 ready, one primary component of 3; 1 silent>",
    "",
    "<head MEMBER>    <head READY>  <head PHASE>   <head PRIMARY>  <head VIEW>   <head POSITION>  <head PAUSED>  <head ADDRESS>",
    "galera-0  <good yes>    <good synced>  <good yes>      4 (3)  8b1f…:41  0%      10.244.1.17",
    "galera-1  <quiet ->      <bad silent>  <quiet ->        <quiet ->      <quiet ->         <quiet ->       10.244.2.17",
  ]);
});

test("no wording of others' reaches a terminal as more than text", () => {
  const evil = "a\x1b[2Jb\u009bc\u202ed\u2028e\u200bf";
  const text = page([waits(0, 41, evil), mute(1, evil)], 80, evil);
  expect(text).toContain("a\\u{1b}[2Jb\\u{9b}c\\u{202e}d\\u{2028}e\\u{200b}f");
  expect(text).not.toMatch(/[^\P{C}\n]/u);
});

test("lines are broken between words, and nothing is lost", () => {
  const words = fc.array(fc.stringMatching(/^[a-z:;…-]{1,30}$/), { minLength: 1 });
  fc.assert(
    fc.property(words, fc.integer({ min: 20, max: 120 }), fc.nat(12), (all, columns, indent) => {
      const lines = wrap(all.join(" "), columns, indent);
      expect(lines.map((line) => line.trim()).join(" ")).toBe(all.join(" "));
      for (const line of lines.slice(1)) expect(line).toMatch(new RegExp(`^ {${indent}}\\S`));
      for (const line of lines.filter((one) => one.length > columns)) {
        expect(line.trim()).not.toContain(" ");
      }
    }),
  );
});

function tell({ answer }: Sighting) {
  if (answer.kind !== "told") throw new Error("silent");
  return answer.told;
}

test("a table fits into 80 columns in a usual cluster, and its lines never end in spaces", () => {
  const far = { addresses: ["10.244.117.201"] };
  const state = { phase: connected(true, 1_234_567, pods(3)), ledger: ledger(3) };
  const members = [0, 1, 2].map((ordinal) => tells(ordinal, state, { paused: 0.01 }, far));
  for (const line of page(members, 80).split("\n")) {
    expect(line.length).toBeLessThanOrEqual(80);
    expect(line).toBe(line.trimEnd());
  }
});
