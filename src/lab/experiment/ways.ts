/* What an experiment compares. */
import type { LabSettings } from "../lab.js";
import { oldWay } from "../old-way.js";

export interface Way {
  readonly name: string;
  /** One sentence's end, for people. */
  readonly about: string;
  readonly lab: Partial<LabSettings>;
  /** Of it nothing is expected: what becomes of it is shown. */
  readonly isOld: boolean;
}

export const ours: Way = {
  name: "galera-peers",
  about: "a sidecar in each pod, its readiness, drain; clients reach members that are ready",
  lab: {},
  isOld: false,
};

const before: Way = {
  name: "the old way",
  about: "one headless Service for members and clients, who is alone in DNS founds, no drain",
  lab: oldWay,
  isOld: true,
};

/** In this order, one after the other. */
export const ways: readonly Way[] = [ours, before];
