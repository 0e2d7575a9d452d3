/* Carries out a plan's steps. */
import type { RunningLab } from "../../src/lab/lab.js";
import type { Lab } from "../../src/lab/options.js";
import type { Order } from "../../src/lab/orders.js";
import { systemClock as clock } from "../../src/system/clock.js";
import { exitCode, Failure } from "../../src/system/failure.js";
import type { Act, Step, When } from "./plan.js";
import { actText } from "./plan-text.js";
import { readRoles } from "./processes.js";

const pollMs = 40;
/** Scaled up there are five. */
const ordinals = [0, 1, 2, 3, 4];

/** What could not be done. */
export interface LeftOut {
  readonly act: Act;
  readonly why: string;
}

/** @param tell what is done */
export async function runSteps(
  { place, lab }: { readonly place: Lab; readonly lab: RunningLab },
  steps: readonly Step[],
  tell: (text: string) => void,
): Promise<readonly LeftOut[]> {
  // A founder keeps its command line for as long as it lives.
  const known = new Set(readRoles(place, ordinals).map(({ pid }) => pid));

  /** The member with the role; undefined without one. */
  const wait = async (when: When): Promise<number | undefined> => {
    if (when.kind === "after") {
      await clock.sleep(when.ms);
      return undefined;
    }
    const untilMs = clock.now() + when.withinMs;
    while (clock.now() < untilMs) {
      const holder = readRoles(place, ordinals).find(
        ({ pid, role }) => role === when.role && !known.has(pid),
      );
      if (holder !== undefined) {
        known.add(holder.pid);
        await clock.sleep(when.thenMs);
        return holder.ordinal;
      }
      await clock.sleep(pollMs);
    }
    return undefined;
  };

  const leftOut: LeftOut[] = [];
  const leaveOut = (act: Act, why: string) => {
    leftOut.push({ act, why });
    tell(`left out, ${actText(act)}: ${why}`);
  };
  for (const { when, act } of steps) {
    const member = await wait(when);
    const order = orderOf(act, member);
    if (order === undefined) {
      leaveOut(act, `nobody was ${when.kind === "role" ? when.role : "there"}`);
      continue;
    }
    tell(actText(order));
    try {
      await lab.perform(order);
    } catch (error) {
      // What a fault before it has ended cannot be killed once more.
      const cannot: readonly number[] = [exitCode.unavailable, exitCode.usage];
      if (!(error instanceof Failure) || !cannot.includes(error.exitCode)) throw error;
      leaveOut(act, error.message);
    }
  }
  return leftOut;
}

function orderOf(act: Act, member: number | undefined): Order | undefined {
  if (act.kind !== "kill-role") return act;
  if (member === undefined) return undefined;
  return { kind: "kill", members: [member], container: act.container, signal: "SIGKILL" };
}
