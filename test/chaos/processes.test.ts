import { expect, test } from "vitest";
import type { ProcessEntry } from "../../src/lab/processes.js";
import type { MemberStatus } from "../../src/lab/status.js";
import { leftoversOf, roleOf } from "./processes.js";

const sst = (more: string) =>
  `/bin/bash -ue /usr/bin/wsrep_sst_rsync ${more} --address 198.18.7.3:4444`.split(" ");

test.each([
  ["joiner", sst("--role joiner")],
  ["donor", sst("--role donor")],
  ["donor", ["sh", "-c", "wsrep_sst_rsync --role 'donor' --address '198.18.7.3:4444/rsync_sst'"]],
  [undefined, [...sst("--role donor"), "--bypass"]],
  ["initialising", ["/bin/sh", "/usr/bin/mariadb-install-db", "--datadir=/d"]],
  ["founder", ["mariadbd", "--defaults-file=/f", "--wsrep-new-cluster"]],
  ["founder", ["/usr/sbin/mariadbd", "--wsrep-new-cluster"]],
  [undefined, ["mariadbd", "--defaults-file=/f"]],
  [undefined, ["node", "galera-peers.js", "run"]],
  [undefined, []],
])("%s", (role, words) => {
  expect(roleOf(words)).toBe(role);
});

const lab = { name: "chaos", dir: "/labs/chaos" };
const entry = (pid: number, mark: string): ProcessEntry => ({
  ...{ pid, parent: 1, session: pid, state: "S", mark: `${lab.dir}/${mark}` },
});
const member = (name: string, pid: number, agent: number) =>
  ({ name, pid, agent: { pid: agent, restarts: 0 }, address: "198.18.7.1" }) as MemberStatus;
const status = { members: [member("galera-0", 10, 11), member("galera-1", 20, 21)] };
const expected = [
  entry(10, "galera-0/mariadb"),
  entry(11, "galera-0/agent"),
  entry(20, "galera-1/mariadb"),
  entry(21, "galera-1/agent"),
  entry(30, "network/bridge"),
  entry(31, "network/galera-0.1"),
  entry(32, "network/galera-1.2"),
];

test("containers, and the networks of pods, are no leftovers", () => {
  expect(leftoversOf(lab, status, expected)).toEqual([]);
  const foreign: ProcessEntry = { ...entry(99, "x"), mark: "/labs/other/galera-0/mariadb" };
  expect(leftoversOf(lab, status, [...expected, foreign])).toEqual([]);
});

test("a server that nobody knows of, a script, a network without its pod", () => {
  const server = entry(40, "galera-0/mariadb");
  expect(leftoversOf(lab, status, [...expected, server])).toEqual([server]);
  const child: ProcessEntry = { ...entry(41, ""), parent: 20, session: 41, mark: undefined };
  expect(leftoversOf(lab, status, [...expected, child])).toEqual([child]);
  const network = entry(42, "network/galera-2.3");
  expect(leftoversOf(lab, status, [...expected, network])).toContain(network);
});

test("an agent that a run has left behind is one once its server has ended", () => {
  const agent: ProcessEntry = { ...entry(43, "galera-0/mariadb"), parent: 10 };
  const words = ["node", "galera-peers.js", "agent", "--parent", "10", "--"];
  const left = (one: ProcessEntry, line = words) =>
    leftoversOf(lab, status, [...expected, one], () => line);
  expect(left(agent)).toEqual([]);
  expect(left({ ...agent, parent: 1 })).toEqual([{ ...agent, parent: 1 }]);
  expect(left(agent, ["sleep", "10"])).toEqual([agent]);
});
