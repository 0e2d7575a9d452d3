import { expect, test } from "vitest";
import { failoverOptions, failoverProfiles } from "../../../src/server/options/failover.js";

/** Galera's own, in seconds (galera 26.4.23, SHOW VARIABLES LIKE 'wsrep_provider_options'). */
const galeras = {
  "evs.keepalive_period": 1,
  "evs.suspect_timeout": 5,
  "evs.inactive_timeout": 15,
  "evs.inactive_check_period": 0.5,
  "evs.join_retrans_period": 1,
};

/** A profile's time-outs with Galera's own where it sets none, in seconds. */
function timeouts(profile: (typeof failoverProfiles)[number]): typeof galeras {
  const own = failoverOptions(profile).map(({ name, value }) => [name, seconds(value)]);
  return { ...galeras, ...Object.fromEntries(own) };
}

/** ISO 8601, as far as Galera's options need it. */
function seconds(value: string): number {
  const [, number, unit] = /^PT([\d.]+)([SM])$/.exec(value) ?? [];
  return Number(number) * (unit === "M" ? 60 : 1);
}

test("default leaves every time-out as Galera has it", () => {
  expect(timeouts("default")).toEqual({ ...galeras, "evs.join_retrans_period": 0.2 });
});

test.each([
  ["patient", 25],
  ["fast", 2],
] as const)("%s gives up who is silent for %d s", (profile, suspect) => {
  expect(timeouts(profile)["evs.suspect_timeout"]).toBe(suspect);
});

test.each(failoverProfiles)(
  "%s is within what Galera takes (gcomm/src/evs_proto.cpp)",
  (profile) => {
    const all = timeouts(profile);
    expect(Object.keys(all)).toEqual(Object.keys(galeras)); // no name that Galera does not know
    const suspect = all["evs.suspect_timeout"];
    expect(all["evs.keepalive_period"]).toBeGreaterThanOrEqual(0.1);
    expect(all["evs.keepalive_period"]).toBeLessThanOrEqual(suspect / 3);
    expect(all["evs.inactive_check_period"]).toBeLessThanOrEqual(suspect / 2);
    expect(all["evs.join_retrans_period"]).toBeGreaterThanOrEqual(0.1);
    expect(all["evs.inactive_timeout"]).toBeGreaterThan(suspect);
  },
);

test.each(failoverProfiles)("%s says of each option why, in one line", (profile) => {
  for (const { of, why } of failoverOptions(profile)) {
    expect(of).toBe("provider");
    expect(why).toMatch(/^[^\n]+$/);
  }
});
