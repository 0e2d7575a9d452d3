/** The agent's watch of the peers, by itself: a real DNS over UDP, real hooks, no server. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Faults } from "../../src/lab/fake-dns/faults.js";
import type { FakeDns } from "../../src/lab/fake-dns/server.js";
import { systemClock } from "../../src/system/clock.js";
import { living } from "../system/process-group.js";
import { member, scratch, serverArgs, startCli, startDns, until } from "./cli.js";

const secrets = { GALERA_AGENT_KEY: "a-key-of-the-members", MARIADB_ROOT_PASSWORD: "a-password" };
const addresses = (count: number) =>
  Array.from({ length: count }, (_, n) => member(n, `127.0.73.${n + 1}`));
const names = (count: number) =>
  Array.from({ length: count }, (_, n) => `galera-${n}.galera.galera.svc.cluster.local`);

/** An agent of galera-0, the hooks of which get their command from the directory. */
async function agent(hooks: (directory: string) => Record<string, string>, members = 1) {
  const dns = await startDns(addresses(members));
  const directory = scratch();
  chmodSync(directory, 0o777); // an agent that root starts gives root up, and so do its hooks
  mkdirSync(join(directory, "data"));
  const cnf = join(directory, "galera.cnf");
  const args = ["agent", "--hostname", "galera-0", "--pod-ip", "127.0.73.1", "--cnf", cnf];
  const start = () =>
    startCli("galera-peers", [...args, "--", "mariadbd", ...serverArgs(directory)], {
      ...{ GALERA_DNS: `127.0.0.1:${dns.port}`, GALERA_SERVICE: "galera" },
      ...{ POD_NAMESPACE: "galera", ...secrets, ...hooks(directory) },
    });
  return { dns, directory, cnf, start };
}

/** Writes what a hook is told, whole, to the file that its name says. */
function told(directory: string, name: string): string {
  const path = join(directory, name);
  return `cat > ${path}.part; mv ${path}.part ${path}`;
}

function lines(path: string): string[] {
  return existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
}

async function has(path: string, expected: readonly string[]): Promise<void> {
  await until(
    () => lines(path).join() === expected.join(),
    `${path} to have ${expected.length}`,
    5000,
  );
}

/** Lets DNS misbehave until the agent has said so, and a while longer. */
async function trouble(
  dns: FakeDns,
  faults: Partial<Faults>,
  log: () => string,
  what: RegExp,
): Promise<void> {
  dns.setFaults(faults);
  await until(() => what.test(log()), `${what} in the log`, 15_000);
  await systemClock.sleep(2000);
  dns.setFaults({});
}

test("on-start, then on-change, and galera.cnf keeps up", async () => {
  const { dns, directory, cnf, start } = await agent((at) => ({
    GALERA_ON_START: told(at, "start"),
    GALERA_ON_CHANGE: told(at, "change"),
  }));
  writeFileSync(cnf, "# mine\n[galera]\nwsrep_on = ON\n");
  const { output } = start();
  await has(join(directory, "start"), names(1));
  expect(existsSync(join(directory, "change"))).toBe(false);

  const change = join(directory, "change");
  for (const count of [2, 3, 2, 3]) {
    dns.setMembers(addresses(count));
    await has(change, names(count));
  }

  expect(lines(join(directory, "start"))).toEqual(names(1));
  const text = readFileSync(cnf, "utf8");
  expect(text).toContain("# mine\n");
  expect(text).toContain(`gcomm://${names(3).join()}`);
  expect(output()).toContain(`peers: ${names(2).join(", ")} (before: ${names(1).join(", ")})`);
});

test("a hook that fails is tried again, with the peers of then", async () => {
  const { dns, directory, start } = await agent((at) => ({
    GALERA_ON_CHANGE: `echo try >> ${at}/tries; [ -e ${at}/ready ] && { ${told(at, "change")}; }`,
  }));
  const tries = join(directory, "tries");
  const { output } = start();
  await until(() => lines(tries).length === 3, "three tries", 10_000);
  dns.setMembers(addresses(2));
  await until(() => lines(tries).length === 4, "a try at once, with the new peer", 1500);
  const failures = () => [...output().matchAll(/the on-change hook failed \(1\).* again in (\d)/g)];
  await until(() => failures().length === 4, "the end of that try");
  writeFileSync(join(directory, "ready"), "");
  await has(join(directory, "change"), names(2));
  await until(() => output().includes("succeeded after all"), "the end of it", 1000);
  expect(lines(tries)).toHaveLength(5);
  expect(failures().map(([, seconds]) => seconds)).toEqual(["1", "2", "4", "1"]);
});

test("DNS that fails, or does not name me, is ridden out", async () => {
  const { dns, directory, start } = await agent(
    (at) => ({ GALERA_ON_CHANGE: `${told(at, "change")}; echo run >> ${at}/runs` }),
    3,
  );
  const { output, ended, child } = start();
  const runs = join(directory, "runs");
  await has(join(directory, "change"), names(3));
  for (const [faults, what] of [
    [{ servfail: true }, /waiting for DNS: .*SERVFAIL; the peers stay as they were/],
    [{ nxdomain: true }, /waiting for .*\(NXDOMAIN\); the peers stay as they were/],
    [{ drop: 1 }, /waiting for DNS: .*no answer; the peers stay as they were/],
  ] as const) {
    await trouble(dns, faults, output, what);
    const count = output().match(/DNS names the peers after/g)?.length ?? 0;
    await until(
      () => (output().match(/DNS names the peers after/g)?.length ?? 0) > count,
      "the end of it",
      10_000,
    );
    expect(output().match(new RegExp(what, "g"))).toHaveLength(1);
  }
  dns.setMembers(addresses(3).slice(1));
  await until(() => output().includes("is not among"), "an answer without me", 3000);
  dns.setMembers(addresses(3));
  await until(() => output().match(/DNS names the peers after/g)?.length === 4, "me in it", 3000);
  expect(lines(runs)).toEqual(["run"]);
  child.kill("SIGTERM");
  expect((await ended).code).toBe(143);
});

test("at most one query a second once it is settled", async () => {
  const { dns, directory, start } = await agent((at) => ({ GALERA_ON_CHANGE: told(at, "change") }));
  start();
  await has(join(directory, "change"), names(1));
  await systemClock.sleep(4000);
  const [before, startedMs] = [dns.queries(), systemClock.now()];
  await systemClock.sleep(8000);
  const seconds = (systemClock.now() - startedMs) / 1000;
  expect(dns.queries() - before).toBeLessThanOrEqual(Math.ceil(seconds));
  expect(dns.queries()).toBeGreaterThan(before);
});

test("a hook gets the agent's environment but for the credentials", async () => {
  const { directory, start } = await agent((at) => ({
    GALERA_ON_START: `env > ${at}/env.part; mv ${at}/env.part ${at}/env`,
    MINE: "kept",
  }));
  start();
  const environment = await until(() => {
    const variables = lines(join(directory, "env"));
    return variables.length > 0 && variables.join("\n");
  }, "the hook");
  expect(environment).toContain("MINE=kept");
  expect(environment).toContain(`HOST_ADDRESS=${names(1)[0]}`);
  expect(environment).toContain("POD_IP=127.0.73.1");
  for (const secret of Object.values(secrets)) expect(environment).not.toContain(secret);
});

test("SIGTERM ends it within a second while a hook sleeps, and the hook's processes", async () => {
  const { directory, start } = await agent((at) => ({
    GALERA_ON_START: `ps -o pgid= -p $$ > ${at}/group.part; mv ${at}/group.part ${at}/group; trap "" TERM; sleep 60; sleep 60`,
  }));
  const { child, ended } = start();
  const [group = ""] = await until(() => {
    const all = lines(join(directory, "group"));
    return all.length > 0 && all;
  }, "the hook");
  await until(() => living(Number(group)).length > 1, "the shell and its sleep");
  const sentMs = systemClock.now();
  child.kill("SIGTERM");
  expect((await ended).code).toBe(143);
  expect(systemClock.now() - sentMs).toBeLessThan(1000);
  await until(() => living(Number(group)).length === 0, "the end of the hook's processes", 500);
});

test("SIGHUP reads the settings again, and runs no hook again", async () => {
  const { dns, directory, start } = await agent((at) => ({
    GALERA_ON_START: `echo start >> ${at}/runs`,
    GALERA_ON_CHANGE: `echo change >> ${at}/runs`,
  }));
  const runs = join(directory, "runs");
  const { child, output } = start();
  await has(runs, ["start"]);
  await systemClock.sleep(1000); // the hook has to be over as well: one that a reload cuts off runs again
  child.kill("SIGHUP");
  await until(() => output().includes("SIGHUP: settings and key were read again"), "the reload");
  await systemClock.sleep(1500);
  dns.setMembers(addresses(2));
  await has(runs, ["start", "change"]);
});
