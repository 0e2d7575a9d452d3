import type { OwnOption } from "../../cnf/own-block.js";

export const failoverProfiles = ["patient", "default", "fast"] as const;

export type FailoverProfile = (typeof failoverProfiles)[number];

/**
 * How soon a member that is silent is given up by the others. What each profile costs, as measured, is
 * in docs/failover.md.
 *
 * Galera refuses to start with a keepalive period above a third of the suspect time-out, or a check
 * period above half of it; the install time-out it derives itself, as half of the inactive one
 * (gcomm/src/evs_proto.cpp).
 */
export function failoverOptions(profile: FailoverProfile): readonly OwnOption[] {
  return profiles[profile].map(([name, value, why]) => ({ of: "provider", name, value, why }));
}

type Row = readonly [name: string, value: string, why: string];

/**
 * Whoever stays, or comes, agrees on the membership by messages; one that is missed costs a period, which
 * is a second by Galera's default: a deletion that nobody has to wait for would be felt.
 */
const agreement: Row = [
  "evs.join_retrans_period",
  "PT0.2S",
  "all agree soon on who is left, or has come",
];

const profiles: Readonly<Record<FailoverProfile, readonly Row[]>> = {
  patient: [
    ["evs.suspect_timeout", "PT25S", "a member may be silent for 20 s, as in a live migration"],
    ["evs.inactive_timeout", "PT1M", "nobody is given up by one member alone before that"],
    agreement,
  ],
  default: [agreement],
  fast: [
    ["evs.suspect_timeout", "PT2S", "a member that is silent for 2 s is given up"],
    ["evs.keepalive_period", "PT0.2S", "an idle member is heard often enough for that"],
    ["evs.inactive_check_period", "PT0.2S", "the silence is noticed soon"],
    agreement,
  ],
};
