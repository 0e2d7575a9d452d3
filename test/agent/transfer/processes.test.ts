import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { transfersOf } from "../../../src/agent/transfer/processes.js";
import { scratch } from "../members.js";

/** As mariadbd runs an SST: `sh -c`, the script, and what that has begun. */
test("an SST's script and all that it has begun, and nothing else of the server's", async () => {
  const script = join(scratch(), "wsrep_sst_sleep");
  writeFileSync(script, "#!/bin/sh\nsleep 60 &\necho $$ $!\nwait\n");
  chmodSync(script, 0o755);
  expect(transfersOf(process.pid)).toEqual([]);
  const other = spawn("sleep", ["60"]);
  const sst = spawn("sh", ["-c", `${script} --role joiner; true`]);
  onTestFinished(() => {
    for (const pid of [...transfersOf(process.pid), other.pid ?? 0]) process.kill(pid, "SIGKILL");
  });
  const [pids] = await once(sst.stdout, "data");
  const own = [sst.pid, ...`${pids}`.trim().split(" ").map(Number)];
  expect(transfersOf(process.pid)).toEqual(own);
  expect(transfersOf(other.pid ?? 0)).toEqual([]);
});
