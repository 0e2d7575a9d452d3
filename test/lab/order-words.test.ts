import { expect, test } from "vitest";
import {
  readContainer,
  readFaults,
  readMembers,
  readSides,
  readSignal,
} from "../../src/lab/order-words.js";

test("signals, members, sides, containers and faults are read or refused", () => {
  expect(["KILL", "SIGKILL", "kill", "9"].map(readSignal)).toEqual(Array(4).fill("SIGKILL"));
  expect(() => readSignal("FOO")).toThrow("no signal");
  expect(readMembers(["galera-2", "galera-0", "galera-2"])).toEqual([2, 0]);
  expect(() => readMembers(["galera-1", "mysql-0"])).toThrow("no member mysql-0");
  expect(readSides(["galera-0,galera-1", "galera-2"])).toEqual([[0, 1], [2]]);
  expect(() => readSides(["galera-0,galera-1", "galera-1"])).toThrow("cannot be on two sides");
  expect([readContainer("agent"), readContainer("all", "all")]).toEqual(["agent", "all"]);
  expect(() => readContainer("all")).toThrow("is none of agent, mariadb");
  expect(readFaults(["drop=0.5", "stale"])).toEqual({ drop: 0.5, stale: true });
  expect(readFaults(["none"])).toEqual({});
  for (const text of ["none=1", "late", "drop=2", "stale=yes", "lag"]) {
    expect(() => readFaults([text])).toThrow(`${text}: `);
  }
});
