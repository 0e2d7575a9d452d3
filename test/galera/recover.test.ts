import { describe, expect, test } from "vitest";
import { recoveredPosition, recoverPosition } from "../../src/galera/recover.js";
import type { ProcessEnd, RunProcess } from "../../src/system/processes.js";

const uuid = "6b1f4c5e-0b5a-11f0-9d2c-3a8f1e2d4c5b";
const { signal } = new AbortController();

describe("the position in the server's output", () => {
  test.each<[string, string, string | undefined]>([
    [
      "among its log",
      `2026-01-02  3:04:05 0 [Note] InnoDB: Completed initialization\n2026-01-02  3:04:05 0 [Note] WSREP: Recovered position: ${uuid}:42\n2026-01-02 [Note] done\n`,
      `${uuid}:42`,
    ],
    ["with GTIDs", `WSREP: Recovered position: ${uuid}:42,0-1-7\n`, `${uuid}:42,0-1-7`],
    [
      "never clustered",
      "WSREP: Recovered position: 00000000-0000-0000-0000-000000000000:-1\n",
      "00000000-0000-0000-0000-000000000000:-1",
    ],
    [
      "the last of several",
      `WSREP: Recovered position: ${uuid}:1\nWSREP: Recovered position: ${uuid}:2\n`,
      `${uuid}:2`,
    ],
    ["without a space", `WSREP: Recovered position:${uuid}:3`, `${uuid}:3`],
    ["none with wsrep_on=OFF", "WSREP: disabled, skipping position recovery\n", undefined],
    ["none in nothing", "", undefined],
    ["none where it is torn", `WSREP: Recovered position: ${uuid.slice(0, 20)}`, undefined],
  ])("%s", (_, output, position) => {
    expect(recoveredPosition(output)).toBe(position);
  });
});

describe("recovery", () => {
  /** A server that ends like this, and the command line it got. */
  function server(end: ProcessEnd) {
    const calls: string[] = [];
    const run: RunProcess = async (file, args, { input, output }) => {
      calls.push([file, ...args].join(" "), `${output} ${JSON.stringify(input)}`);
      return end;
    };
    return { calls, recover: () => recoverPosition("mariadbd", ["--datadir=/d"], run, signal) };
  }

  test("runs the server with its own arguments, its log on standard error", async () => {
    const { calls, recover } = server({
      exitCode: 0,
      output: `WSREP: Recovered position: ${uuid}:42\n`,
    });
    expect(await recover()).toBe(`${uuid}:42`);
    expect(calls).toEqual([
      "mariadbd --datadir=/d --wsrep-recover --disable-log-error --skip-networking",
      'keep ""',
    ]);
  });

  test.each<[string, ProcessEnd, string]>([
    [
      "a locked datadir",
      {
        exitCode: 1,
        output: "1\n2\n3\n4\n5\n[ERROR] Unable to lock ./ibdata1\n[ERROR] Aborting\n",
      },
      "mariadbd --wsrep-recover gave no position (1): [ERROR] Unable to lock ./ibdata1 | [ERROR] Aborting",
    ],
    [
      "no position",
      { exitCode: 0, output: "WSREP: disabled, skipping position recovery\n" },
      "mariadbd --wsrep-recover gave no position (0): WSREP: disabled, skipping position recovery",
    ],
    [
      "a position, and then a failure",
      { exitCode: 139, output: `WSREP: Recovered position: ${uuid}:42` },
      `mariadbd --wsrep-recover gave no position (139): WSREP: Recovered position: ${uuid}:42`,
    ],
  ])("%s is a failure in the server's own words", async (_, end, message) => {
    await expect(server(end).recover()).rejects.toMatchObject({ exitCode: 70, message });
  });

  test("a signal ends it with its reason, whatever the server said last", async () => {
    const stop = new AbortController();
    const reason = new Error("ended by SIGTERM");
    const run: RunProcess = async () => {
      stop.abort(reason);
      return { exitCode: 143, output: `WSREP: Recovered position: ${uuid}:42` };
    };
    await expect(recoverPosition("mariadbd", [], run, stop.signal)).rejects.toBe(reason);
  });
});
