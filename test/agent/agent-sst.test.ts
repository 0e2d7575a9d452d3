import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { askReport } from "../../src/agent/http/ask.js";
import { exchange } from "../../src/agent/http/exchange.js";
import { freePort, newId, passing, signal } from "./members.js";
import { empty, founder, member, toldOf, world } from "./pod.js";

/** A member that joins the founder's cluster, and what its agent tells of it. */
async function joiner() {
  const port = await freePort();
  await founder({ port });
  const pod = await member("galera-1", { port });
  await pod.start(empty);
  await passing(world.clock, async () => (await pod.decision()).action === "join");
  const report = async () => {
    const { name, address } = pod;
    const answer = await askReport({ name, address, port, key: undefined, nonce: newId(), signal });
    if (answer.kind === "told") return answer.told;
    throw new Error(answer.what);
  };
  const file = (path: string, bytes: number) => {
    mkdirSync(join(pod.stateDir, path, ".."), { recursive: true });
    writeFileSync(join(pod.stateDir, path), "x".repeat(bytes));
  };
  return { ...pod, report, file };
}

test("a joiner is shown as one for all of its SST, though its server calls itself connected", async () => {
  const pod = await joiner();
  await world.clock.advance(1000);
  pod.up();
  pod.tell(toldOf(false, 1, "galera-1"));
  await pod.reaches({ kind: "running", primary: false });
  await passing(world.clock, async () => (await pod.report()).awaited !== undefined);
  expect(await pod.report()).toMatchObject({ transfer: undefined });

  pod.file("sst_in_progress", 0);
  await passing(world.clock, async () => (await pod.report()).transfer !== undefined);
  pod.file("db/t.ibd", 4096);
  const bytes = async () => {
    const { transfer } = await pod.report();
    return transfer?.role === "joiner" ? transfer.bytes : undefined;
  };
  await passing(world.clock, async () => (await bytes()) === 4096);
  const shown = await pod.report();
  expect(shown).toMatchObject({
    state: { phase: { kind: "joining" } },
    transfer: { stage: "receiving", donor: undefined, totalBytes: undefined },
    ...{ liveness: { ok: true, why: "joining the cluster" }, awaited: undefined },
    readiness: { ok: false, why: "joining the cluster" },
  });
  // What the decision rests on is not touched.
  expect(await pod.state()).toMatchObject({ phase: { kind: "running", primary: false } });
  const { address: host, port } = pod;
  const scrape = { host, port, method: "GET", path: "/metrics", timeoutMs: 1000, signal } as const;
  const reply = await exchange(scrape);
  const body = reply.kind === "reply" ? reply.body : reply.why;
  expect(body).toContain("\ngalera_peers_sst_received_bytes 4096\n");
  expect(body).toContain('\ngalera_peers_phase{phase="joining"} 1\n');

  rmSync(join(pod.stateDir, "sst_in_progress"));
  await passing(world.clock, async () => (await pod.report()).transfer === undefined);
  pod.tell(toldOf(true, 2, "galera-0", "galera-1"));
  await pod.reaches({ kind: "running", primary: true });
  await passing(world.clock, () =>
    pod.lines.some((line) => line.includes("the SST is over: 4.0 KiB in ")),
  );
});

test("an SST that stands still is not alive for ever", async () => {
  const pod = await joiner();
  await world.clock.advance(1000);
  pod.up();
  pod.pod.seqno = undefined; // there is no socket before its end
  pod.tell(toldOf(false, 1, "galera-1"));
  pod.file("sst_in_progress", 0);
  await passing(world.clock, async () => (await pod.report()).transfer !== undefined);
  const beganMs = world.clock.now();
  const isAlive = async () => (await pod.report()).liveness.ok;
  await passing(world.clock, async () => !(await isAlive()), 100_000);
  expect(world.clock.now() - beganMs).toBeGreaterThanOrEqual(1_800_000);
  expect((await pod.report()).liveness).toEqual({
    ok: false,
    why: "joining the cluster: nothing in the datadir has changed for 1800 s",
  });
});

test("the next start knows nothing of an SST that was cut off", async () => {
  const pod = await joiner();
  await world.clock.advance(1000);
  pod.file("sst_in_progress", 0);
  await passing(world.clock, async () => (await pod.report()).transfer !== undefined);
  pod.file("db/t.ibd", 4096);
  await passing(world.clock, async () => {
    const { transfer } = await pod.report();
    return transfer?.role === "joiner" && transfer.bytes === 4096;
  });
  await pod.start({ kind: "interrupted", by: "sst" });
  expect(
    pod.lines.filter((line) => line.startsWith("warn: the SST came to nothing: receiving 4.0 KiB")),
  ).toHaveLength(1);
  await passing(world.clock, async () => (await pod.decision()).action === "join");
  await world.clock.advance(5000);
  expect(await pod.report()).toMatchObject({ transfer: undefined });
});
