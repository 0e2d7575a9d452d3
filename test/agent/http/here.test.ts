import { describe, expect, test } from "vitest";
import { agentHere } from "../../../src/agent/http/here.js";
import { accepts } from "../../../src/agent/http/port.js";
import { serving, signal } from "../members.js";

describe("where the agent of this pod is", () => {
  test.each([
    [{}, { host: "127.0.0.1", port: 4569 }],
    [{ podIp: ["fd00::1"] }, { host: "fd00::1", port: 4569 }],
    [
      { podIp: ["10.0.0.1", "fd00::1"], agentPort: 5000 },
      { host: "10.0.0.1", port: 5000 },
    ],
  ])("%j", (settings, here) => {
    expect(agentHere(settings)).toEqual(here);
  });

  test("an agent that is told no address listens on all of both families", async () => {
    const { port } = await serving({}, { host: undefined });
    for (const host of ["127.0.0.1", "::1"]) expect(await accepts(host, port, signal)).toBe(true);
  });
});
