/*
 * What the checker found in the rules, kept so that it cannot come back.
 */
import type { WorldName } from "./setups.js";

export interface Scenario {
  readonly name: string;
  readonly world: WorldName;
  readonly losses: number;
  readonly tokens: number;
  readonly steps: string;
}

export const scenarios: readonly Scenario[] = [
  {
    name: "who joined a silent agent's component is asked about it, and nobody holds",
    world: "outage",
    losses: 0,
    tokens: 0,
    steps: `
      start 0; start 1; start 2; read 1 0; read 1 2; read 0 1; read 0 2; read 2 0;
      read 2 1; consider 1; read 0 1; read 2 1; consider 0; consider 2; read 1 0;
      read 1 2; consider 1; act 1; deafen 1; look 0 2; read 0 1; consider 0; act 0;
      regroup 0; transfer 0 0; stop 1; heal; read 2 0; consider 2; act 2; regroup 2;
      transfer 2 0; stop 0; write 2; crash 2; start 0; start 1; look 0; look 1;
      read 0 1; read 1 0; read 0 2; read 1 2; consider 0; consider 1; read 0 1;
      read 1 0; consider 0; consider 1; read 0 1; read 1 0; consider 0; consider 1;
      act 0; act 1`,
  },
  {
    name: "a pc.bootstrap that the others have not adopted does not outdate a later component",
    world: "outage",
    losses: 0,
    tokens: 0,
    steps: `
      start 0; start 1; start 2; read 1 0; read 1 2; read 0 1; read 0 2; read 2 0;
      read 2 1; consider 1; read 0 1; read 2 1; consider 0; consider 2; read 1 0;
      read 1 2; consider 1; act 1; read 0 1; consider 0; act 0; regroup 0;
      transfer 0 0; read 2 1; consider 2; act 2; regroup 2; transfer 2 0; read 0 1;
      read 2 1; isolate 0; isolate 1; regroup 1; regroup 2; regroup 0; crash 2;
      start 2; heal; regroup 0; poll 0; poll 1; read 0 1; read 0 2; consider 0;
      read 1 0; read 1 2; read 2 0; read 2 1; consider 1; consider 2; read 0 1;
      read 0 2; consider 0; act 0; stop 0; read 2 1; consider 2; act 2; regroup 2;
      transfer 2 0; stop 1; write 2; crash 2; start 0; start 1; look 0; look 1;
      read 0 1; read 1 0; consider 0; consider 1; read 0 1; read 1 0; consider 0;
      consider 1; act 0; act 1`,
  },
  {
    name: "who founded without knowing the past is asked about its component",
    world: "outage",
    losses: 0,
    tokens: 0,
    steps: `
      start 0; start 1; start 2; read 1 0; read 1 2; read 0 1; read 0 2; read 2 0;
      read 2 1; consider 1; read 0 1; read 2 1; consider 0; consider 2; read 1 0;
      read 1 2; consider 1; act 1; deafen 1; look 0 2; read 0 1; consider 0; act 0;
      regroup 0; transfer 0 0; stop 1; heal; crash 0; start 0; consider 0; act 0;
      read 2 0; consider 2; act 2; regroup 2; transfer 2 0; stop 0; write 2; crash 2;
      start 0; start 1; read 0 1; read 1 0; consider 0; consider 1; read 0 1; read 1 0;
      consider 0; consider 1; read 0 1; read 1 0; consider 0; consider 1; act 0; act 1`,
  },
  {
    name: "a cluster's first founding parts nobody who was not told of it",
    world: "ordered",
    losses: 0,
    tokens: 0,
    steps: `
      start 0; consider 0; act 0; deafen 0; act 0; start 1; read 1 0; consider 1;
      act 1; regroup 1; transfer 1 2; finish 1; stop 0; stop 1; start 1; consider 1`,
  },
  {
    name: "a member that lost its disk does not vouch for the last component",
    world: "shrunk",
    losses: 1,
    tokens: 0,
    steps: `
      start 0; start 1; read 1 0; consider 1; read 0 1; consider 0; read 1 0;
      consider 1; act 1; start 2; read 2 1; consider 2; act 2; regroup 2; transfer 2 0;
      stop 1; lose 1; start 1; read 0 1; consider 0; read 1 0; consider 1; read 0 1;
      consider 0; act 0`,
  },
  {
    name: "nobody joins a forced founder of whose position it does not know",
    world: "migrated",
    losses: 0,
    tokens: 1,
    steps: `
      force 0; start 0; consider 0; act 0; start 1; read 1 0; consider 1; act 1;
      regroup 1`,
  },
];
