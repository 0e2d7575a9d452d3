/** What an agent tells of its member over HTTP: to the kubelet, to Prometheus, to `drain`, to people. */
import { expect, test } from "vitest";
import { askReport } from "../../src/agent/http/ask.js";
import { exchange } from "../../src/agent/http/exchange.js";
import { newId, passing, signal } from "./members.js";
import { empty, founder, member, toldOf, world } from "./pod.js";

type Pod = Awaited<ReturnType<typeof member>>;

async function get({ address, port }: Pod, path: string) {
  const reply = await exchange({
    ...{ host: address, port, method: "GET", path },
    ...{ timeoutMs: 1000, signal },
  });
  if (reply.kind === "none") throw new Error(reply.why);
  return reply;
}

async function probe(pod: Pod, path: string) {
  const { status, body } = await get(pod, path);
  return [status, JSON.parse(body).why];
}

async function report({ name, address, port }: Pod) {
  const answer = await askReport({ name, address, port, key: undefined, nonce: newId(), signal });
  if (answer.kind === "told") return answer.told;
  throw new Error(answer.what);
}

test("probes through a member's life", async () => {
  const pod = await member("galera-0");
  expect(await probe(pod, "/startupz")).toEqual([503, expect.stringContaining("no server")]);
  expect(await probe(pod, "/livez")).toEqual([200, expect.any(String)]);
  expect(await probe(pod, "/readyz")).toEqual([503, expect.any(String)]);
  await pod.start(empty);
  await passing(world.clock, async () => (await pod.decision()).action === "found");
  expect(await probe(pod, "/startupz")).toEqual([200, expect.stringContaining("founding")]);
  expect(await probe(pod, "/readyz")).toEqual([503, expect.stringContaining("founding")]);
  pod.up();
  pod.tell(toldOf(true, 1, "galera-0"));
  await pod.reaches({ kind: "running", primary: true });
  await world.clock.advance(1000);
  expect(await probe(pod, "/readyz")).toEqual([200, "synced"]);
  pod.tell(toldOf(false, 2, "galera-0"));
  pod.pod.server = { primary: false, ready: false, state: 0, comment: "Initialized" };
  await pod.reaches({ kind: "running", primary: false });
  await world.clock.advance(1000);
  expect(await probe(pod, "/readyz")).toEqual([503, expect.stringContaining("not primary")]);
  expect(await probe(pod, "/livez")).toEqual([200, expect.any(String)]);
});

test("a report says what is waited for, and for how long", async () => {
  const pod = await member("galera-1");
  await pod.start(empty);
  await passing(world.clock, async () => (await report(pod)).awaited !== undefined);
  const { why } = await pod.decision();
  await world.clock.advance(5000);
  expect((await report(pod)).awaited).toEqual({
    what: why,
    forMs: expect.any(Number),
    held: false,
  });
  expect((await report(pod)).awaited?.forMs).toBeGreaterThanOrEqual(5000);
});

const drained = (answer: object) => "state" in answer && answer.state === "drained";

test("a drain takes readiness away at once, until the next start", async () => {
  const pod = await founder();
  const drain = () => pod.local.drain({ delayMs: 5000, timeoutMs: 20_000 }, signal);
  expect(await drain()).toMatchObject({
    state: "waiting",
    why: expect.stringContaining("clients"),
  });
  expect(await probe(pod, "/readyz")).toEqual([503, "draining"]);
  expect(await report(pod)).toMatchObject({ draining: "waiting", readiness: { ok: false } });
  await world.clock.advance(4900);
  expect(await drain()).toMatchObject({ state: "waiting" });
  await passing(world.clock, async () => drained(await drain()));
  expect(world.clock.now()).toBeLessThan(20_000);
  expect(await report(pod)).toMatchObject({ draining: "leaving" });
  await pod.start(empty);
  expect((await report(pod)).draining).toBeUndefined();
});

test("a drain is over when the server has left: nobody waits for this member any more", async () => {
  const pod = await founder();
  const drain = () => pod.local.drain({ delayMs: 0, timeoutMs: 20_000 }, signal);
  await passing(world.clock, async () => drained(await drain()));
  expect(await report(pod)).toMatchObject({ draining: "leaving" });
  pod.down();
  await pod.reaches({ kind: "idle" });
  await passing(world.clock, async () => (await report(pod)).draining === undefined);
});

test("there is nothing to drain where no server runs in the cluster", async () => {
  const pod = await member("galera-0");
  expect(await pod.local.drain({ delayMs: 5000, timeoutMs: 20_000 }, signal)).toMatchObject({
    state: "drained",
  });
  expect((await report(pod)).draining).toBeUndefined();
});

test("metrics are text for Prometheus, also of a member that does nothing", async () => {
  const { status, headers, body } = await get(await member("galera-0"), "/metrics");
  expect(status).toBe(200);
  expect(headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(body).toMatch(/^galera_peers_phase\{phase="idle"\} 1$/m);
});
