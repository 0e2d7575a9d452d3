import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { initialisationNote, temporaryServerSocket } from "../../src/bootstrap/datadir.js";
import { passing, signal } from "./members.js";
import { empty, member, world } from "./pod.js";

/** A sidecar whose `run` was told to found, and works on the datadir ever since. */
async function preparing(file: string) {
  const pod = await member("galera-0");
  await pod.start(empty);
  await passing(world.clock, async () => (await pod.decision()).action === "found");
  writeFileSync(join(pod.stateDir, file), "");
  pod.pod.seqno = undefined;
  return pod;
}

test.each([initialisationNote, temporaryServerSocket])(
  "a founder that works for 100 s on its datadir is founding for all of it: %s",
  async (file) => {
    const pod = await preparing(file);
    const beganMs = world.clock.now();
    await passing(world.clock, () => world.clock.now() - beganMs > 100_000, 5000);
    expect(await pod.state()).toMatchObject({ phase: { kind: "founding" } });
    expect(pod.lines).not.toContain("info: my server has ended");
  },
);

test("a start that was killed there is over with the next one's first word", async () => {
  const pod = await preparing(initialisationNote);
  const beganMs = world.clock.now();
  await passing(world.clock, () => world.clock.now() - beganMs > 300_000, 5000); // kubelet's back-off
  expect(await pod.state()).toMatchObject({ phase: { kind: "founding" } });
  await pod.local.ended(signal);
  expect(await pod.state()).toMatchObject({ phase: { kind: "idle" } });
});

test("a start that was killed there, and is followed by none, is over after half an hour", async () => {
  const pod = await preparing(initialisationNote);
  const beganMs = world.clock.now();
  await passing(world.clock, () => pod.lines.includes("info: my server has ended"), 20_000);
  expect(world.clock.now() - beganMs).toBeGreaterThanOrEqual(1_800_000);
  expect(await pod.state()).toMatchObject({ phase: { kind: "idle" } });
});
