/* What became of each member, as spans of time between looks at the lab. Pure. */
import type { LabStatus, MemberStatus } from "../status.js";

/**
 * `ready`: its readiness probe says so. `donor`, and `primary`: in the primary component, but not ready.
 * `non-primary`: its server answers, outside of it. `down`: no server answers.
 */
export const memberStates = ["ready", "donor", "primary", "non-primary", "down"] as const;
export type MemberState = (typeof memberStates)[number];

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  readonly state: MemberState;
  /** Clients are led to it. */
  readonly reached: boolean;
}

export interface Lane {
  readonly name: string;
  readonly spans: readonly Span[];
}

export function stateOf({ ready, wsrepState, wsrepComponent, pid }: MemberStatus): MemberState {
  if (pid === null || wsrepState === null) return "down";
  if (wsrepComponent !== "Primary") return "non-primary";
  if (wsrepState.startsWith("Donor")) return "donor";
  return ready ? "ready" : "primary";
}

/** A lane for each member, with one look more. */
export function withLook(
  lanes: readonly Lane[],
  { members, ready }: LabStatus,
  atMs: number,
): readonly Lane[] {
  return members.map((member) => {
    const { name } = member;
    const spans = lanes.find((lane) => lane.name === name)?.spans ?? [];
    const last = spans.at(-1);
    const now = { state: stateOf(member), reached: ready.includes(name) };
    const isSame = last?.state === now.state && last.reached === now.reached;
    const ended = last === undefined ? [] : [...spans.slice(0, -1), { ...last, toMs: atMs }];
    return { name, spans: isSame ? ended : [...ended, { fromMs: atMs, toMs: atMs, ...now }] };
  });
}

/** A member is ready, and clients are led to it. */
function isServing({ state, reached }: Span): boolean {
  return state === "ready" && reached;
}

/** The last moment between the two at which not all members serve; undefined where all do all along. */
export function lastTrouble(
  lanes: readonly Lane[],
  fromMs: number,
  toMs: number,
): number | undefined {
  const ends = lanes
    .flatMap(({ spans }) => spans)
    .filter((span) => !isServing(span) && span.toMs > fromMs && span.fromMs < toMs)
    .map((span) => Math.min(span.toMs, toMs));
  return ends.length === 0 ? undefined : Math.max(...ends);
}
