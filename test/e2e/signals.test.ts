import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { systemClock } from "../../src/system/clock.js";
import {
  fixtures,
  leftLast,
  member,
  podEnv,
  scratch,
  serverArgs,
  startCli,
  startDns,
  until,
} from "./cli.js";

/** A tool that writes down its PID and that of a child, and cannot be stopped by SIGTERM. */
function stubborn(directory: string, name: string): string {
  const pids = join(directory, `${name}.pids`);
  const text = `#!/bin/sh\ntrap '' TERM INT\nsleep 60 &\necho $$ $! >${pids}\nwhile :; do sleep 1; done\n`;
  writeFileSync(join(directory, name), text, { mode: 0o755 });
  return pids;
}

async function pidsIn(path: string): Promise<number[]> {
  return until(() => {
    const pids = existsSync(path) ? readFileSync(path, "utf8").trim().split(" ") : [];
    return pids.length === 2 && pids.map(Number);
  }, `${path} to be written`);
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** Sends a signal and tells how it ended, and after how long. */
async function end({ child, ended }: ReturnType<typeof startCli>, signal: NodeJS.Signals) {
  const sentMs = systemClock.now();
  child.kill(signal);
  const { code } = await ended;
  return { code, ms: systemClock.now() - sentMs };
}

test.each([
  ["SIGTERM", 143],
  ["SIGINT", 130],
] as const)("%s while DNS does not answer", async (signal, code) => {
  const dns = await startDns([member(0)], { drop: 1 });
  const directory = scratch();
  const run = startCli("galera-peers", ["run", "--", "mariadbd", ...serverArgs(directory)], {
    ...podEnv(dns, 0),
    GALERA_CNF: join(directory, "galera.cnf"),
  });
  await until(() => dns.queries() > 0, "a query");
  const { code: was, ms } = await end(run, signal);
  expect(was).toBe(code);
  expect(ms).toBeLessThan(1000);
});

test("SIGTERM while another peer is awaited", async () => {
  const dns = await startDns([member(1)]);
  const directory = scratch();
  const args = ["run", "--", "mariadbd", ...serverArgs(directory)];
  const env = { ...podEnv(dns, 1), GALERA_CNF: join(directory, "galera.cnf") };
  const run = startCli("galera-peers", args, env);
  await until(() => run.output().includes("waiting for another peer in DNS"), "the wait");
  expect((await end(run, "SIGTERM")).code).toBe(143);
});

test("SIGTERM while files are written", async () => {
  const dns = await startDns([member(0)]);
  const directory = scratch();
  leftLast(directory);
  const slow = join(directory, "slow.mjs");
  const text = `import fs from "node:fs"; import { syncBuiltinESMExports } from "node:module";
    const { fsyncSync } = fs;
    fs.fsyncSync = (fd) => {
      fs.writeSync(2, "flushing\\n");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
      fsyncSync(fd);
    };
    syncBuiltinESMExports();`;
  writeFileSync(slow, text);
  const args = ["run", "--", "mariadbd", ...serverArgs(directory)];
  const run = startCli("galera-peers", args, {
    ...podEnv(dns, 0),
    ...{ PATH: `${fixtures}:${process.env.PATH}`, GALERA_CNF: join(directory, "galera.cnf") },
    NODE_OPTIONS: `--import ${slow}`,
  });
  await until(() => run.output().includes("flushing"), "galera.cnf to be flushed");
  expect((await end(run, "SIGTERM")).code).toBe(143);
  expect(run.output()).not.toContain("argv");
});

test("SIGTERM in the middle of an initialisation leaves none of its processes", async () => {
  const dns = await startDns([member(0)]);
  const directory = scratch();
  const tools = join(directory, "tools");
  mkdirSync(tools);
  const pids = stubborn(tools, "mariadb-install-db");
  const args = ["run", "--", "mariadbd", ...serverArgs(directory)];
  const run = startCli("galera-peers", args, {
    ...podEnv(dns, 0),
    PATH: `${tools}:${fixtures}:${process.env.PATH}`,
    GALERA_CNF: join(directory, "galera.cnf"),
    MARIADB_ALLOW_EMPTY_ROOT_PASSWORD: "1",
  });
  const running = await pidsIn(pids);
  expect(running.map(isAlive)).toEqual([true, true]);
  const { code, ms } = await end(run, "SIGTERM");
  expect(code).toBe(143);
  expect(ms).toBeLessThan(1000);
  await until(() => !running.some(isAlive), "the end of the initialisation's processes", 500);
});

test("SIGTERM while a position is recovered", async () => {
  const dns = await startDns([member(0), member(1)]);
  const directory = scratch();
  const pids = stubborn(directory, "mariadbd");
  mkdirSync(join(directory, "data"));
  writeFileSync(
    join(directory, "data", "grastate.dat"),
    "uuid: 6a6ea9ba-0000-11f0-8000-000000000001\nseqno: -1\nsafe_to_bootstrap: 0\n",
  );
  const server = join(directory, "mariadbd");
  const args = ["run", "--", server, ...serverArgs(directory)];
  const env = { ...podEnv(dns, 0), GALERA_CNF: join(directory, "galera.cnf") };
  const run = startCli("galera-peers", args, env);
  const running = await pidsIn(pids);
  const { code, ms } = await end(run, "SIGTERM");
  expect(code).toBe(143);
  expect(ms).toBeLessThan(1000);
  expect(running.some(isAlive)).toBe(false);
});

test("SIGTERM reaches a hook's whole process group", async () => {
  const dns = await startDns([member(0)]);
  const directory = scratch();
  const pids = stubborn(directory, "hook");
  const hook = `${join(directory, "hook")} | cat`;
  const run = startCli("galera-peers", ["find", "--on-start", hook], podEnv(dns, 0));
  const running = await pidsIn(pids);
  const { code, ms } = await end(run, "SIGTERM");
  expect(code).toBe(143);
  expect(ms).toBeLessThan(1000);
  expect(running.some(isAlive)).toBe(false);
});

/** Whether a process handles SIGTERM: bit 14 of proc_pid_status(5)'s SigCgt. */
function handlesTerm(pid: number): boolean {
  const [, caught = "0"] =
    /^SigCgt:\s*(\S+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return (Number.parseInt(caught.slice(-4), 16) & 0x4000) !== 0;
}

test("SIGTERM to PID 1 while Node itself begins", async () => {
  const dns = await startDns([member(0)], { drop: 1 });
  const directory = scratch();
  const program = fileURLToPath(new URL("../../bin/galera-peers.js", import.meta.url));
  const server = ["run", "--", "mariadbd", ...serverArgs(directory)];
  const inside = ["--pid", "--fork", "--mount-proc", process.execPath, program, ...server];
  const env = {
    ...podEnv(dns, 0),
    GALERA_CNF: join(directory, "galera.cnf"),
    PATH: process.env.PATH,
  };
  const child = spawn("unshare", inside, { env, stdio: "ignore" });
  const children = `/proc/${child.pid}/task/${child.pid}/children`;
  // Node's own handlers come some 20 ms after its start, ours as long after them: no time to sleep.
  let first = 0;
  for (const endMs = Date.now() + 10_000; Date.now() < endMs; ) {
    first = existsSync(children) ? Number(readFileSync(children, "utf8")) : 0;
    if (first > 0 && handlesTerm(first)) break;
  }
  expect(dns.queries()).toBe(0);
  process.kill(first, "SIGTERM");
  const [code] = await Promise.race([
    once(child, "close"),
    systemClock.sleep(5000).then(() => process.kill(first, "SIGKILL") && ["killed"]),
  ]);
  expect(code).toBe(143);
  expect(dns.queries()).toBe(0);
});
