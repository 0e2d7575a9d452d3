import { FormatError, field, fromJson, number, readEvidence } from "../bootstrap/format.js";
import type { Participant } from "../bootstrap/participant.js";
import { exitCode, Failure } from "../system/failure.js";
import type { Deciding } from "./deciding.js";
import type { Drain, DrainLimits } from "./drain/drain.js";
import { healthOf, type Vitals } from "./health.js";
import type { About } from "./http/local.js";
import type { Handlers } from "./http/server.js";
import type { Metrics } from "./metrics/metrics.js";
import type { Report } from "./report.js";
import type { ServerWatch } from "./sql/server-watch.js";

export interface HandlersPorts {
  readonly participant: Participant;
  readonly watch: ServerWatch;
  readonly deciding: Deciding;
  readonly drain: Drain;
  readonly metrics: Metrics;
  readonly vitals: () => Vitals;
  readonly report: () => Report;
  /** A server has ended, or a start begun. */
  readonly began: () => void;
}

/** What the agent answers to each request. */
export function createHandlers(about: About, ports: HandlersPorts): Handlers {
  const { participant, watch, deciding, drain, metrics, vitals, report } = ports;
  /** What is wrong with it is said by the agent's own loop; what was known before is an answer, too. */
  const look = () => watch.look().catch(() => {});
  return {
    about: () => ({ name: about.name, parent: about.parent }),
    state: async () => {
      await look();
      return participant.state();
    },
    report: async () => {
      await look();
      return report();
    },
    health: async (probe) => {
      await look();
      return healthOf(probe, vitals());
    },
    metrics: () => metrics.text(report()),
    ended: () => {
      deciding.ended();
      ports.began();
    },
    start: (body) => {
      deciding.start(
        read(body, "start", (value) => field(value, "evidence", "start", readEvidence)),
      );
      ports.began();
    },
    decision: () => deciding.decision(),
    drain: (body) => drain.ask(read(body, "drain", readLimits)),
  };
}

function readLimits(value: unknown): DrainLimits {
  return {
    delayMs: field(value, "delayMs", "drain", number),
    timeoutMs: field(value, "timeoutMs", "drain", number),
  };
}

function read<T>(body: string, what: string, reader: (value: unknown) => T): T {
  try {
    return reader(fromJson(body));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new Failure(exitCode.software, `a ${what} that cannot be read: ${error.message}`);
  }
}
