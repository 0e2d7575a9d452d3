/*
 * The article's first experiment: a pod is deleted, and Kubernetes makes it anew. How long is it away,
 * and where does its data come from? Once with its disk, and once without, as the article's emptyDir.
 */
import { readFileSync } from "node:fs";
import { exitCode, Failure } from "../../system/failure.js";
import { formatTable } from "../../system/table.js";
import type { Order } from "../orders.js";
import { podName, podPaths } from "../pod.js";
import { createPodWatch, podWatchHead } from "./pod-watch.js";
import { insertRow } from "./table.js";
import { lastTransfer, transferText } from "./transfer.js";
import {
  type ExperimentPlace,
  type ExperimentPorts,
  endAndAwait,
  inLab,
  patienceMs,
  type Trial,
} from "./trial.js";
import { shortTime } from "./units.js";
import { ours, type Way, ways } from "./ways.js";

const cases: readonly { readonly what: string; readonly order: Order }[] = [
  { what: "galera-0 is deleted", order: { kind: "delete", members: [0], wipe: false } },
  {
    what: "galera-0 is deleted with its disk",
    order: { kind: "delete", members: [0], wipe: true },
  },
];

interface Result {
  readonly way: Way;
  readonly what: string;
  /** Undefined where it did not come back. */
  readonly backMs: number | undefined;
  readonly transfer: string;
}

/**
 * Prints what becomes of the pods, as it happens.
 *
 * @throws Failure 69 where this program's member does not come back in time
 */
export async function selfHealing(place: ExperimentPlace, ports: ExperimentPorts): Promise<void> {
  const results: Result[] = [];
  for (const way of ways) {
    await inLab(way, place, ports, async (trial) => {
      for (const { what, order } of cases) {
        ports.print(`\n${what}`);
        const healed = await heal(order, place, trial, ports);
        results.push({ way, what, ...healed });
        if (healed.backMs === undefined) break; // the next would not be about itself alone
      }
    });
  }
  ports.print("");
  const rows = results.map(({ way, what, backMs, transfer }) => [
    ...[what, way.name],
    backMs === undefined ? `not within ${shortTime(patienceMs)}` : shortTime(backMs),
    transfer,
  ]);
  formatTable([["", "", "READY AFTER", "ITS DATA BY"], ...rows]).forEach(ports.print);
  const missing = results.find(({ way, backMs }) => way === ours && backMs === undefined);
  if (missing === undefined) return;
  throw new Failure(exitCode.unavailable, `${missing.what}: it has not come back`);
}

async function heal(order: Order, place: ExperimentPlace, trial: Trial, ports: ExperimentPorts) {
  const { clock } = ports;
  const { log } = podPaths(place.lab, podName(0));
  const seenBytes = readFileSync(log).length;
  const stop = watchPods(trial, ports);
  // Or there would be nothing that the member has missed.
  const missed = clock.sleep(500).then(() => insertRow(trial.socket(1), "while it was away"));
  try {
    const [backMs] = await Promise.all([endAndAwait(trial, order, ports), missed]);
    const said = readFileSync(log).subarray(seenBytes).toString("utf8");
    return { backMs, transfer: transferText(lastTransfer(said)) };
  } finally {
    await stop();
  }
}

/** Prints until it is stopped. */
function watchPods({ lab }: Trial, { clock, print }: ExperimentPorts): () => Promise<void> {
  const beginMs = clock.now();
  const lines = createPodWatch();
  print(podWatchHead);
  let going = true;
  const look = () => lines(lab.status(), clock.now() - beginMs).forEach(print);
  const run = async () => {
    while (going) {
      look();
      await clock.sleep(50);
    }
    look();
  };
  const ended = run();
  return async () => {
    going = false;
    await ended;
  };
}
