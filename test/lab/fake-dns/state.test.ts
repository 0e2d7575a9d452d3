import { describe, expect, test } from "vitest";
import { type Faults, noFaults } from "../../../src/lab/fake-dns/faults.js";
import {
  initialState,
  latestMembers,
  type State,
  visibleZone,
  withFaults,
  withMembers,
} from "../../../src/lab/fake-dns/state.js";
import { defaultIdentity, type Member } from "../../../src/lab/fake-dns/zone.js";

const members = (...ordinals: number[]): Member[] =>
  ordinals.map((ordinal) => ({ name: `galera-${ordinal}`, addresses: [`127.0.7.${ordinal + 1}`] }));
const start = (faults: Partial<Faults> = {}) =>
  initialState(defaultIdentity, members(0), { ...noFaults, ...faults });
const names = (state: State, nowMs: number) =>
  visibleZone(state, nowMs)
    .members.map(({ name }) => name.slice(-1))
    .join("");
const serial = (state: State, nowMs: number) => visibleZone(state, nowMs).serial;

test("a change shows at once and raises the serial; no change does neither", () => {
  const changed = withMembers(start(), members(0, 1), 5);
  expect([names(changed, 5), serial(changed, 5)]).toEqual(["01", 2]);
  expect(withMembers(changed, members(0, 1), 9)).toBe(changed);
});

describe("lag", () => {
  const lagging = (lagMs: number) => ({ ...noFaults, lagMs });

  test("the first members are there from the beginning", () => {
    expect(names(start({ lagMs: 100 }), 0)).toBe("0");
  });

  test("changes show one after the other, each after the lag", () => {
    const first = withMembers(start({ lagMs: 100 }), members(0, 1), 10);
    const second = withMembers(first, members(1), 50);
    const third = withMembers(second, members(1, 2), 120);
    expect([110, 149, 150, 219, 220].map((ms) => names(third, ms))).toEqual([
      "01",
      "01",
      "1",
      "1",
      "12",
    ]);
    expect(names(first, 109)).toBe("0");
    expect(latestMembers(second)).toEqual(members(1));
  });

  test("a change that shows sooner overtakes those before it", () => {
    const slow = withMembers(start({ lagMs: 100 }), members(0, 1), 0);
    const quick = withMembers(withFaults(slow, lagging(10), 5), members(2), 5);
    expect([14, 15, 100, 200].map((ms) => names(quick, ms))).toEqual(["0", "2", "2", "2"]);
    expect(serial(quick, 200)).toBe(3);
  });

  test("versions that nobody can see any more are forgotten", () => {
    let state = start({ lagMs: 5 });
    for (let ms = 0; ms < 1000; ms += 1) state = withMembers(state, members(ms % 7), ms);
    expect(state.versions.length).toBeLessThan(10);
  });
});

describe("stale", () => {
  const stale: Faults = { ...noFaults, stale: true };

  test("keeps the members of the moment when it began, until it ends", () => {
    const frozen = withFaults(withMembers(start(), members(0, 1), 10), stale, 20);
    const later = withMembers(frozen, members(2), 30);
    expect(names(later, 1000)).toBe("01");
    expect(names(withFaults(later, { ...stale, lagMs: 5 }, 40), 1000)).toBe("01");
    expect(names(withFaults(later, noFaults, 50), 50)).toBe("2");
  });

  test("from the start keeps the first members", () => {
    expect(names(withMembers(start({ stale: true }), members(1), 10), 1000)).toBe("0");
  });

  test("keeps what answers showed, not what was still on its way", () => {
    const lagging = withMembers(start({ lagMs: 100 }), members(0, 1), 0);
    expect(names(withFaults(lagging, stale, 50), 1000)).toBe("0");
  });
});
