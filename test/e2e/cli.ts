import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterEach } from "vitest";
import type { Faults } from "../../src/lab/fake-dns/faults.js";
import { type FakeDns, startFakeDns } from "../../src/lab/fake-dns/server.js";
import type { Member } from "../../src/lab/fake-dns/zone.js";
import { readProcesses } from "../../src/lab/processes.js";
import { systemClock } from "../../src/system/clock.js";
import { commandLine } from "../../src/system/proc.js";

/** Stand-ins for the server and its tools, for what a real server cannot show. */
export const fixtures = fileURLToPath(new URL("../fixtures/bin", import.meta.url));

export type Program = "galera-peers" | "peer-finder" | "configure-galera";

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly node?: string;
  readonly cwd?: string;
}

/** Runs a built program to its end. Its environment is what is given here and a PATH. */
export async function runCli(program: Program, args: readonly string[], options: CliOptions = {}) {
  const { exitCode, signal, stdout, stderr } = await execa(
    options.node ?? process.execPath,
    [binary(program), ...args],
    {
      input: options.input ?? "",
      env: { PATH: process.env.PATH, ...options.env },
      extendEnv: false,
      reject: false,
      timeout: 60_000,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    },
  );
  return { exitCode, signal, stdout, stderr };
}

/** Starts a built program; what it prints is collected. */
export function startCli(program: Program, args: readonly string[], env: Record<string, string>) {
  const child = spawn(process.execPath, [binary(program), ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk;
  });
  child.stderr.on("data", (chunk: Buffer) => {
    output += chunk;
  });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.on("close", (code, signal) => resolve({ code, signal })),
  );
  atEnd(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return { child, pid: child.pid ?? 0, output: () => output, ended };
}

function binary(program: Program): string {
  return fileURLToPath(new URL(`../../bin/${program}.js`, import.meta.url));
}

const cleanups: (() => void | Promise<void>)[] = [];

/** Does this after the test, the last first. */
export function atEnd(cleanup: () => void | Promise<void>): void {
  cleanups.push(cleanup);
}

afterEach(async () => {
  for (let next = cleanups.pop(); next !== undefined; next = cleanups.pop()) await next();
});

/** A new directory that every user may enter, gone after the test. */
export function scratch(): string {
  const path = mkdtempSync(join(tmpdir(), "galera-peers-"));
  chmodSync(path, 0o755);
  atEnd(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A server's first arguments: option files that include galera.cnf, and a datadir. */
export function serverArgs(directory: string): string[] {
  const file = join(directory, "my.cnf");
  writeFileSync(file, `!include ${join(directory, "galera.cnf")}\n`);
  return [`--defaults-file=${file}`, `--datadir=${join(directory, "data")}`];
}

export async function startDns(members: readonly Member[], faults: Partial<Faults> = {}) {
  const dns = await startFakeDns({ clock: systemClock, log: () => {}, members, faults });
  atEnd(() => dns.close());
  return dns;
}

/** Three files of tests run at once: each has addresses of its own. */
export function addressOf(ordinal: number): string {
  return `127.0.${4 + (Number(process.env.VITEST_POOL_ID) % 3)}.${ordinal + 1}`;
}

export function member(ordinal: number, address = addressOf(ordinal)): Member {
  return { name: `galera-${ordinal}`, addresses: [address] };
}

/** The cluster of `leftLast`. */
export const clusterUuid = "6a6ea9ba-0000-11f0-8000-000000000001";

/** A datadir as the last member of a cluster leaves it: alone in DNS, that one founds. */
export function leftLast(directory: string, seqno = 5): void {
  mkdirSync(join(directory, "data", "mysql"), { recursive: true });
  const text = `uuid: ${clusterUuid}\nseqno: ${seqno}\nsafe_to_bootstrap: 1\n`;
  writeFileSync(join(directory, "data", "grastate.dat"), text);
}

/** What kubelet and the manifest give galera-N; no agent: nobody would ask it. */
export function podEnv(dns: FakeDns, ordinal: number): Record<string, string> {
  return {
    GALERA_DNS: `127.0.0.1:${dns.port}`,
    GALERA_SERVICE: "galera",
    POD_NAMESPACE: "galera",
    GALERA_HOSTNAME: `galera-${ordinal}`,
    POD_IP: addressOf(ordinal),
    GALERA_AGENT: "off",
  };
}

/** Waits until `condition` gives something; fails with `what` after `ms`. */
export async function until<T>(
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  what: string,
  ms = 30_000,
): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`);
    await systemClock.sleep(20);
  }
}

/** The command lines of all processes that name it. */
export function processesNaming(directory: string): readonly string[] {
  return readProcesses()
    .map(({ pid }) => commandLine(pid).join(" "))
    .filter((line) => line.includes(directory));
}
