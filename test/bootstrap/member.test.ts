import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Decision } from "../../src/bootstrap/decide.js";
import { founded, joining, type Ledger } from "../../src/bootstrap/ledger.js";
import {
  begun,
  decided,
  grants,
  inComponent,
  inPhase,
  type MemberState,
  type ServerView,
  started,
  withVote,
} from "../../src/bootstrap/member.js";
import {
  at,
  connected,
  empty,
  founding,
  halfSst,
  ledger,
  pods,
  running,
  uuid,
  waiting,
} from "./cluster.js";

test("an agent that begins knows what its disk holds, and has granted nothing", () => {
  expect(begun("galera-0", "a1", ledger(2), 3)).toEqual({
    ...{ name: "galera-0", incarnation: "a1", ballot: 0, vote: undefined, phase: { kind: "idle" } },
    ...{ evidence: undefined, ledger: ledger(2), forces: 3 },
  });
});

describe("a grant", () => {
  const candidate = withVote(waiting(0, empty), waiting(0, empty));
  const voter = withVote(waiting(1, empty), candidate);

  test("is a vote for what the candidate stands for now", () => {
    expect(grants(voter, candidate)).toBe(true);
    expect(grants(candidate, candidate)).toBe(true);
  });

  test.each<[string, MemberState, MemberState]>([
    ["no vote", waiting(1, empty), candidate],
    ["a vote for another one", withVote(voter, waiting(2, empty)), candidate],
    [
      "a vote from before the candidate voted for itself",
      withVote(voter, waiting(0, empty)),
      candidate,
    ],
    [
      "a vote for a candidate that has voted for another since",
      voter,
      withVote(candidate, waiting(2, empty)),
    ],
    [
      "a vote for a candidate that has come back to itself since",
      voter,
      withVote(withVote(candidate, waiting(2, empty)), candidate),
    ],
    [
      "a vote for a candidate that has started again since",
      voter,
      { ...candidate, incarnation: "a2" },
    ],
    ["a vote for a candidate that has begun another start since", voter, started(candidate, empty)],
    ["a vote from before the voter began another start", started(voter, empty), candidate],
    ["a vote from before the voter founded", inPhase(voter, { kind: "founding" }), candidate],
    ["a vote from before the voter joined", inPhase(voter, { kind: "joining" }), candidate],
    ["a vote from before the voter's server was gone", inPhase(voter, { kind: "idle" }), candidate],
    ["a vote that was taken back", withVote(voter, undefined), candidate],
  ])("is not %s", (_, from, to) => {
    expect(grants(from, to)).toBe(false);
  });

  test("is kept as long as nothing changes", () => {
    expect(withVote(voter, candidate)).toBe(voter);
    expect(withVote(candidate, candidate)).toBe(candidate);
    expect(inPhase(voter, { kind: "waiting" }).vote).toEqual(voter.vote);
  });

  test("a server's next component takes back nothing", () => {
    const server = withVote(running(1, connected(false, 5, pods(2))), candidate);
    expect(grants(inPhase(server, connected(false, 6, pods(1))), candidate)).toBe(true);
  });

  /** What a member may do between two looks of another one. */
  const acts: Readonly<Record<string, (state: MemberState) => MemberState>> = {
    "votes for itself": (state) => withVote(state, state),
    "votes for another": (state) => withVote(state, waiting(2, empty)),
    "votes for that one's next ballot": (state) =>
      withVote(state, waiting(2, empty, undefined, { ballot: 7 })),
    "votes for nobody": (state) => withVote(state, undefined),
    starts: (state) => started(state, empty),
    founds: (state) => inPhase(state, { kind: "founding" }),
    idles: (state) => inPhase(state, { kind: "idle" }),
  };
  const done = fc.array(fc.constantFrom(...Object.keys(acts)), { maxLength: 12 });
  const following = (state: MemberState, names: readonly string[]) =>
    names.reduce((now, name) => acts[name]?.(now) ?? now, state);

  test("a ballot never goes back, and counts every change of the vote", () => {
    fc.assert(
      fc.property(done, (names) => {
        let before = waiting(0, empty);
        for (const name of names) {
          const next = following(before, [name]);
          const changed = JSON.stringify(next.vote) !== JSON.stringify(before.vote);
          expect(next.ballot).toBe(before.ballot + (changed ? 1 : 0));
          before = next;
        }
      }),
    );
  });

  test("whoever grants it has seen the candidate's present vote", () => {
    fc.assert(
      fc.property(done, done, (first, then) => {
        const shown = following(waiting(0, empty), first);
        const now = following(shown, then);
        const isGranted = grants(withVote(waiting(1, empty), shown), now);
        expect(isGranted).toBe(now.ballot === shown.ballot);
      }),
    );
  });
});

describe("another start", () => {
  test("has its own evidence, and keeps the ledger", () => {
    const before = running(0, connected(true, 5, pods(2)), ledger(2));
    expect(started(before, halfSst)).toEqual({ ...waiting(0, halfSst, ledger(2)) });
  });
});

describe("what the server tells", () => {
  const told = (patch: Partial<ServerView> = {}): ServerView => ({
    ...{ uuid, primary: true, status: "synced", view: { number: 6, members: pods(3) } },
    ...patch,
  });
  const joiner = waiting(1, empty, joining(undefined, [founding(1)]), {
    phase: { kind: "joining" },
  });

  test("of a primary component is in the ledger", () => {
    expect(inComponent(joiner, told())).toEqual({
      ...joiner,
      phase: {
        ...{ kind: "running", primary: true, status: "synced", seqno: undefined },
        view: { number: 6, members: pods(3) },
      },
      ledger: ledger(3, { view: { number: 6, members: pods(3) } }),
    });
  });

  test("before it is synced ends no join", () => {
    expect(inComponent(joiner, told({ status: "joiner" })).ledger?.joining).toEqual([founding(1)]);
  });

  test("of a component that is not primary is not in the ledger", () => {
    const before = running(0, connected(true, 5, pods(3)), ledger(3));
    const after = inComponent(
      before,
      told({ primary: false, view: { number: 6, members: pods(1) } }),
    );
    expect(after.ledger).toBe(before.ledger);
    expect(after.phase).toMatchObject({ primary: false, seqno: 5n, view: { members: pods(1) } });
  });
});

describe("what a decision makes of a member", () => {
  const why = "";
  const candidate = withVote(waiting(0, at(5), ledger(2)), waiting(0, at(5), ledger(2)));
  const view = { number: 0, members: pods(1) };

  test.each<[string, MemberState, Decision, MemberState["phase"]["kind"], Ledger | undefined]>([
    [
      "a founder with data keeps the cluster, from its position on",
      candidate,
      { action: "found", why, epoch: 2 },
      "founding",
      founded(ledger(2), founding(2, 5n, "new"), view, uuid),
    ],
    [
      "a founder without data makes another one",
      waiting(0, empty),
      { action: "found", why, epoch: 1 },
      "founding",
      founded(undefined, founding(1, -1n, "new"), view, undefined),
    ],
    [
      "a founder of lost data makes another one, in the next epoch",
      waiting(0, halfSst, ledger(2)),
      { action: "found", why, epoch: 2 },
      "founding",
      founded(ledger(2), founding(2, -1n, "new"), view, undefined),
    ],
    [
      "a joiner notes the cluster's foundings",
      waiting(0, at(5), ledger(2)),
      { action: "join", why, cluster: ledger(3, { foundings: [founding(1), founding(2, 5n)] }) },
      "joining",
      joining(ledger(2), [founding(1), founding(2, 5n)]),
    ],
    [
      "a joiner to a cluster that nothing is known of notes none",
      waiting(0, at(5), ledger(2)),
      { action: "join", why, cluster: undefined },
      "joining",
      joining(ledger(2), []),
    ],
    [
      "whether or not it knows of any",
      waiting(0, empty),
      { action: "join", why, cluster: undefined },
      "joining",
      joining(undefined, []),
    ],
    [
      "a joiner that gives up its data remembers that, and no cluster",
      waiting(0, at(5), ledger(2)),
      { action: "join", why, cluster: ledger(3), discard: 1 },
      "joining",
      {
        ...{ uuid: undefined, foundings: [], view: { number: 0, members: [] } },
        ...{ joining: [founding(1)], discarded: [1] },
      },
    ],
    ["who waits keeps its ledger", candidate, { action: "wait", why }, "waiting", candidate.ledger],
    ["who is held, too", candidate, { action: "hold", why }, "waiting", candidate.ledger],
    [
      "pc.bootstrap founds with the component that it is done in",
      running(0, connected(false, 9, pods(2)), ledger(3)),
      { action: "bootstrap", why, epoch: 2, running: connected(false, 9, pods(2)) },
      "running",
      founded(
        ledger(3),
        { ...founding(2, 9n, "new"), inPlace: true },
        { number: 4, members: pods(2) },
        uuid,
      ),
    ],
    [
      "a founder has the past of who knows most of it",
      candidate,
      { action: "found", why, epoch: 4, past: [founding(1), founding(2), founding(3)] },
      "founding",
      ledger(1, {
        view,
        foundings: [founding(1), founding(2), founding(3), founding(4, 5n, "new")],
      }),
    ],
  ])("%s", (_, before, decision, phase, remembered) => {
    const after = decided(before, decision, "new");
    expect(after.phase.kind).toBe(phase);
    expect(after.ledger).toEqual(remembered);
  });

  test("who acts takes its vote back, who waits for nobody too", () => {
    for (const action of ["wait", "hold", "rest"] as const) {
      expect(decided(candidate, { action, why }, "new").vote).toBeUndefined();
    }
    expect(decided(candidate, { action: "found", why, epoch: 2 }, "new").vote).toBeUndefined();
    const other = waiting(1, at(9));
    const voted = decided(candidate, { action: "wait", why, elects: other }, "new");
    expect(grants(voted, other)).toBe(true);
  });
});
