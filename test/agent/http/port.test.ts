import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { accepts } from "../../../src/agent/http/port.js";
import { freePort, host, serving } from "../members.js";

test("a port that is open, or not, leaves nothing on the signal of whoever asks", async () => {
  const { port: open } = await serving();
  const closed = await freePort();
  const { signal } = new AbortController();
  for (let round = 0; round < 20; round += 1) {
    expect(await accepts(host, open, signal)).toBe(true);
    expect(await accepts(host, closed, signal)).toBe(false);
  }
  expect(getEventListeners(signal, "abort")).toEqual([]);
});
