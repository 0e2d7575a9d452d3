/* One round: the plan, the return, and what is then true. */
import { eventLine } from "../../src/lab/events.js";
import { systemClock as clock } from "../../src/system/clock.js";
import { messageOf } from "../../src/system/failure.js";
import { type ClientCounts, type Clients, startClients } from "./clients.js";
import { readContents } from "./contents.js";
import { awaitWhole, fillEra, members, type RunningEra, whyNotWhole } from "./era.js";
import { type Contents, type Finding, judge, lostOf } from "./judge.js";
import type { RoundPlan } from "./plan.js";
import { leftoverTexts } from "./processes.js";
import { type LeftOut, runSteps } from "./run-steps.js";
import type { Sample } from "./watcher.js";

export interface RoundResult {
  readonly plan: RoundPlan;
  readonly findings: readonly Finding[];
  /** From the last step to all members ready; null where that has not come. */
  readonly recoveryMs: number | null;
  readonly tookMs: number;
  readonly counts: Readonly<ClientCounts>;
  /** Acknowledged rows and transfers that some member lacks. */
  readonly lost: number;
  readonly leftOut: readonly LeftOut[];
  /** At some moment no server answered. */
  readonly allDown: boolean;
  /** What was done and what happened, a line each. */
  readonly timeline: readonly string[];
}

/** Clients write for so long before the faults, and to a new cluster. */
const calmMs = 1500;

/** @param limitMs for the return of all members */
export async function playRound(
  era: RunningEra,
  plan: RoundPlan,
  limitMs: number,
): Promise<RoundResult> {
  const begunMs = clock.now();
  const begun = { time: new Date(), atMs: begunMs };
  const done: string[] = [];
  const firstEvent = plan.newCluster ? 0 : era.lab.events().length;
  const tell = (text: string) => {
    const atMs = clock.now();
    const time = new Date(begun.time.getTime() + atMs - begun.atMs).toISOString();
    done.push(eventLine({ atMs, time, kind: "signal", text: `* ${text}` }, begunMs));
  };
  const timeline = () =>
    [
      ...done,
      ...era.lab
        .events()
        .slice(firstEvent)
        .map((event) => eventLine(event, begunMs)),
    ].sort();
  era.watcher.take();

  const connect = () => {
    const [host = "", port] = era.lab.status().clients.split(":");
    return startClients({ host, port: Number(port), records: era.records });
  };
  let clients = plan.newCluster ? undefined : connect();
  let isWhole = false;
  let isWritten = false;
  let recoveryMs: number | null = null;
  let leftOut: readonly LeftOut[] = [];
  try {
    if (clients !== undefined) await clock.sleep(calmMs);
    leftOut = await runSteps(era, plan.steps, tell);
    tell("nothing is wrong any more");
    const healedMs = clock.now();
    const wholeMs = await awaitWhole(era, limitMs);
    isWhole = wholeMs !== undefined;
    recoveryMs = wholeMs === undefined ? null : wholeMs - healedMs;
    tell(isWhole ? "all are back" : "not all are back");
    if (isWhole && clients === undefined) {
      await fillEra(era);
      clients = connect();
      await clock.sleep(calmMs);
    }
    if (isWhole && clients !== undefined) isWritten = await awaitWrite(clients);
  } finally {
    await clients?.end();
  }

  const samples = era.watcher.take();
  const seen = isWhole ? await inspect(era) : { contents: [], leftovers: [], findings: [] };
  const whys = isWhole ? [] : await whyNotWhole(era);
  const acknowledged = era.records;
  const findings: readonly Finding[] = [
    ...(isWhole ? [] : [{ kind: "human needed", text: whys.join("\n    ") } as const]),
    ...(isWhole && !isWritten ? [{ kind: "no write", text: nothingWritten } as const] : []),
    ...judge({
      ...seen,
      samples,
      uuid: era.uuid,
      acknowledged,
      violations: clients?.violations ?? [],
    }),
    ...seen.findings,
  ];
  era.uuid ??= era.watcher.latest()?.views[0]?.uuid;
  const lost = isWhole ? lostIn(seen.contents, era) : await leastLost(era, samples);
  return {
    ...{ plan, findings, recoveryMs, lost, leftOut, tookMs: clock.now() - begunMs },
    allDown: samples.some(({ views }) => views.length === 0),
    counts: clients?.counts ?? { acknowledged: 0, failed: 0, conflicts: 0, compared: 0 },
    timeline: timeline(),
  };
}

/** To a cluster that is whole. */
const writeMs = 10_000;
const nothingWritten = `all are back, and no client's write succeeds in ${writeMs / 1000} s`;

async function awaitWrite({ counts }: Clients): Promise<boolean> {
  const before = counts.acknowledged;
  const untilMs = clock.now() + writeMs;
  while (counts.acknowledged === before) {
    if (clock.now() > untilMs) return false;
    await clock.sleep(50);
  }
  return true;
}

/** What hooks and the ends of connections leave is gone within this. */
const leaveMs = 5000;

async function inspect(era: RunningEra) {
  const findings: Finding[] = [];
  let contents: readonly Contents[] = [];
  try {
    contents = await Promise.all(members.map((member) => readContents(era.place, member)));
  } catch (error) {
    findings.push({ kind: "campaign", text: `a member cannot be read: ${messageOf(error)}` });
  }
  const untilMs = clock.now() + leaveMs;
  let leftovers = leftoverTexts(era.place, era.lab.status());
  while (leftovers.length > 0 && clock.now() < untilMs) {
    await clock.sleep(100);
    leftovers = leftoverTexts(era.place, era.lab.status());
  }
  return { contents, leftovers, findings };
}

function lostIn(contents: readonly Contents[], { records }: RunningEra): number {
  const lost = (what: "rows" | "transfers") =>
    new Set(contents.flatMap((one) => lostOf(one[what], records[what]))).size;
  return lost("rows") + lost("transfers");
}

/**
 * Where the members are not one cluster: what is lost at least, whichever of their components a human
 * decides for. A member that is not Primary may still have the rest, so with one component that is nothing.
 */
async function leastLost(era: RunningEra, samples: readonly Sample[]): Promise<number> {
  const primaries = samples.at(-1)?.views.filter(({ primary }) => primary) ?? [];
  const components = primaries.map(({ uuid, beside }) => [uuid, ...beside].join(" "));
  if (new Set(components).size < 2) return 0;
  const losses = await Promise.all(
    primaries.map(async ({ member }) => {
      try {
        return lostIn([await readContents(era.place, member, false)], era);
      } catch {
        return undefined; // it has no tables: it was founded empty
      }
    }),
  );
  const known = losses.filter((lost) => lost !== undefined);
  return known.length === 0 ? 0 : Math.min(...known);
}
