/** Members that ask each other in memory: their agents, and the times at which they look. */
import { beforeEach, describe, expect, test } from "vitest";
import type { Evidence } from "../../src/bootstrap/evidence.js";
import { joining, type Ledger } from "../../src/bootstrap/ledger.js";
import { grants, type ServerView } from "../../src/bootstrap/member.js";
import type { BootstrapMode, Contact, Token } from "../../src/bootstrap/observation.js";
import {
  createParticipant,
  type Participant,
  type Verdict,
  type Whom,
} from "../../src/bootstrap/participant.js";
import type { Sight } from "../../src/peers/look.js";
import { peerSet } from "../../src/peers/peer-set.js";
import { member, targets } from "../peers/members.js";
import { type TestClock, testClock } from "../system/test-clock.js";
import { at, connected, empty, founding, halfSst, ledger, pods, running, uuid } from "./cluster.js";

const { signal } = new AbortController();

interface Options {
  readonly mode?: BootstrapMode;
  readonly replicas?: number;
  readonly force?: Token;
  readonly discard?: Token;
}

interface Member extends Participant {
  readonly name: string;
  /** What was made durable, in order. */
  readonly saved: Ledger[];
  readonly asked: Whom[];
  looks: number;
}

/** A world in which DNS names some members, and of which some reach each other. */
function world() {
  const clock = testClock();
  const members = new Map<string, Member>();
  const world = {
    clock,
    members,
    /** What DNS names, with addresses: `galera-0=10.0.0.1`. */
    dns: ["galera-0=10.0.0.1", "galera-1=10.0.0.2", "galera-2=10.0.0.3"],
    /** Members whose agents do not answer. */
    silent: new Set<string>(),
    /** Called whenever DNS is asked. */
    looking: () => {},
    /** Called whenever a member is asked. */
    asking: (_whom: Whom) => {},
    ids: 0,
    /** An agent that starts with what its disk holds. */
    agent(name: string, disk: Ledger | undefined, options: Options = {}): Member {
      const ip = `10.0.0.${Number(name.at(-1)) + 1}`;
      const saved: Ledger[] = [];
      const asked: Whom[] = [];
      const newId = () => `id${++world.ids}`;
      const one: Member = Object.assign(
        createParticipant(
          {
            ...{ name, mode: "safe", replicas: undefined, force: undefined, discard: undefined },
            ...{ incarnation: newId(), ledger: disk, addressType: "dns" },
            ...options,
          },
          {
            ...{ clock, newId, save: (next: Ledger) => saved.push(next) },
            look: async (): Promise<Sight> => {
              one.looks += 1;
              world.looking();
              const set = peerSet(targets(...world.dns), member(name, [ip]));
              if (set.self === undefined)
                return { kind: "awaiting", because: "unnamed", what: "my own SRV record" };
              return { kind: "peers", ttlS: 5, set };
            },
            contact: async (whom): Promise<Contact> => {
              asked.push(whom);
              world.asking(whom);
              const other = members.get(whom.name);
              return other === undefined || world.silent.has(whom.name)
                ? { kind: "silent", what: "its agent: no answer within 1s" }
                : { kind: "answers", state: structuredClone(other.state()) };
            },
          },
        ),
        { name, saved, asked, looks: 0 },
      );
      members.set(name, one);
      return one;
    },
    /** A start of an agent and its server on what its disk holds. */
    starts(name: string, evidence: Evidence, disk?: Ledger, options?: Options): Member {
      const one = world.agent(name, disk, options);
      one.start(evidence, disk);
      return one;
    },
    /** Everybody looks once a second, one after the other. */
    async rounds(count: number): Promise<Map<string, Verdict["decision"][]>> {
      const decisions = new Map<string, Verdict["decision"][]>();
      for (let round = 0; round < count; round += 1) {
        for (const [name, one] of members) {
          if (world.silent.has(name)) continue;
          const { decision } = await one.pass(signal);
          decisions.set(name, [...(decisions.get(name) ?? []), decision]);
        }
        await clock.advance(1000);
      }
      return decisions;
    },
  };
  return world;
}

let w: ReturnType<typeof world>;
let clock: TestClock;
beforeEach(() => {
  w = world();
  clock = w.clock;
});

const founders = (decisions: Map<string, Verdict["decision"][]>) =>
  [...decisions].flatMap(([name, all]) =>
    all.some(({ action }) => action === "found") ? [name] : [],
  );
const decision = async (one: Member) => (await one.pass(signal)).decision;

describe("exactly one founds", () => {
  test.each<[string, readonly Evidence[], Ledger | undefined, number | undefined, string]>([
    ["three that are empty and come up together", [empty, empty, empty], undefined, 3, "galera-0"],
    ["three after an outage", [at(5), at(9), at(7)], ledger(3), undefined, "galera-1"],
    ["three that stand alike", [at(5), at(5), at(5)], ledger(3), undefined, "galera-0"],
    [
      "three, one of them half of an SST",
      [halfSst, at(3), at(5)],
      ledger(3),
      undefined,
      "galera-2",
    ],
    ["three without a ledger", [at(5), at(9), at(7)], undefined, 3, "galera-1"],
  ])("%s", async (_, evidences, remembered, replicas, founder) => {
    for (const [ordinal, evidence] of evidences.entries()) {
      w.starts(
        `galera-${ordinal}`,
        evidence,
        remembered,
        replicas === undefined ? {} : { replicas },
      );
    }
    expect(founders(await w.rounds(6))).toEqual([founder]);
    const one = w.members.get(founder);
    expect(one?.state().phase.kind).toBe("founding");
    // What it has decided was durable first, and nobody else has written anything.
    expect(one?.saved).toEqual([one?.state().ledger]);
    expect([...w.members.values()].flatMap(({ saved }) => saved)).toHaveLength(1);
  });

  test("two, of which one starts again before it has been granted anything", async () => {
    w.dns = w.dns.slice(0, 2);
    const zero = w.starts("galera-0", at(5), ledger(2));
    w.starts("galera-1", at(9), ledger(2));
    await zero.pass(signal); // grants it to galera-1, as it was
    w.starts("galera-1", at(9), ledger(2));
    const one = w.members.get("galera-1") as Member;
    expect((await decision(one)).why).toMatch(/^the grant of galera-0;/);
    expect(grants(zero.state(), one.state())).toBe(false);
    expect(founders(await w.rounds(4))).toEqual(["galera-1"]);
  });

  test("two, of which the one that had the most comes back with nothing", async () => {
    w.dns = w.dns.slice(0, 2);
    const zero = w.starts("galera-0", at(5), ledger(2));
    w.starts("galera-1", at(9), ledger(2));
    await zero.pass(signal);
    w.starts("galera-1", empty);
    expect(founders(await w.rounds(4))).toEqual(["galera-0"]);
  });

  test("a founder that starts again before its cluster is there founds the next epoch", async () => {
    w.dns = w.dns.slice(0, 1);
    const first = w.starts("galera-0", empty);
    expect(await decision(first)).toMatchObject({ action: "found", epoch: 1 });
    const again = w.starts("galera-0", empty, first.saved.at(-1));
    expect(await decision(again)).toMatchObject({ action: "found", epoch: 2 });
  });

  test("the others join once it is in a primary component", async () => {
    for (const name of pods(3)) w.starts(name, at(name === "galera-1" ? 9 : 5), ledger(3));
    await w.rounds(4);
    const founder = w.members.get("galera-1") as Member;
    const view: ServerView = {
      ...{ uuid, primary: true, status: "synced", view: { number: 1, members: ["galera-1"] } },
    };
    founder.told(view);
    expect(founder.saved.at(-1)).toEqual(founder.state().ledger);
    const zero = w.members.get("galera-0") as Member;
    expect((await decision(zero)).action).toBe("join");
    // What a half of an SST is told by is durable before the join begins.
    expect(zero.saved).toEqual([joining(ledger(3), founder.state().ledger?.foundings ?? [])]);
    expect(founder.state().ledger?.foundings).toMatchObject([
      { epoch: 1 },
      { epoch: 2, seqno: 9n },
    ]);
  });
});

describe("a join", () => {
  /** galera-0 is in a primary component with these members. */
  const primary = (...members: string[]) => {
    const one = w.agent("galera-0", ledger(3));
    one.told({ uuid, primary: true, status: "synced", view: { number: 4, members } });
    return one;
  };
  const joins = { action: "join" };

  test("waits until the component has noticed that I have left it", async () => {
    const one = primary("galera-0", "galera-1", "galera-2");
    const me = w.starts("galera-1", at(5), ledger(3));
    const why = "the primary component to notice that my server has ended";
    expect(await decision(me)).toEqual({ action: "wait", why });
    const view = { number: 5, members: ["galera-0", "galera-2"] };
    one.told({ uuid, primary: true, status: "synced", view });
    expect(await decision(me)).toMatchObject(joins);
  });

  test("but not longer than 20 s: what it tells may be old", async () => {
    primary("galera-0", "galera-1", "galera-2");
    const me = w.starts("galera-1", at(5), ledger(3));
    await decision(me);
    await clock.advance(19_000);
    expect((await decision(me)).action).toBe("wait");
    await clock.advance(1000);
    expect(await decision(me)).toMatchObject(joins);
  });

  test("lets the members before me go first, each for 5 s at most", async () => {
    primary("galera-0");
    w.starts("galera-1", at(5), ledger(3));
    const me = w.starts("galera-2", at(5), ledger(3));
    expect(await decision(me)).toEqual({
      action: "wait",
      why: "galera-1 to be let into the cluster first",
    });
    await clock.advance(5000);
    expect(await decision(me)).toMatchObject(joins);
  });

  test("goes on once they are in the component, while they still receive its state", async () => {
    const one = primary("galera-0");
    w.starts("galera-1", at(5), ledger(3));
    const me = w.starts("galera-2", at(5), ledger(3));
    await decision(me);
    const view = { number: 5, members: ["galera-0", "galera-1"] };
    one.told({ uuid, primary: true, status: "synced", view });
    expect(await decision(me)).toMatchObject(joins);
  });
});

test("nobody founds while one that has to be asked is silent, however long that lasts", async () => {
  for (const name of pods(3)) w.starts(name, at(5), ledger(3));
  w.silent.add("galera-2");
  expect(founders(await w.rounds(60))).toEqual([]);
});

test("a human's token founds without it", async () => {
  w.starts("galera-0", at(5), ledger(3));
  w.starts("galera-1", at(9), ledger(3), { force: { pod: "galera-1", epoch: 2 } });
  w.silent.add("galera-2");
  expect(founders(await w.rounds(4))).toEqual(["galera-1"]);
});

test("another pod's token is none of mine", () => {
  const one = w.agent("galera-0", undefined, { force: { pod: "galera-1", epoch: 2 } });
  expect(one.state().forces).toBeUndefined();
  expect(
    w.agent("galera-1", undefined, { force: { pod: "galera-1", epoch: 2 } }).state().forces,
  ).toBe(2);
});

test("who founds alone needs one look", async () => {
  w.dns = w.dns.slice(0, 1);
  const one = w.starts("galera-0", empty);
  expect(await decision(one)).toMatchObject({ action: "found", epoch: 1 });
  expect(one.looks).toBe(1);
});

describe("a hold has to last", () => {
  const diverged = () => {
    const primary = w.agent("galera-0", ledger(1));
    primary.told({ uuid, primary: true, status: "synced", view: { number: 4, members: pods(1) } });
    primary.stands(5n);
    return { primary, one: w.starts("galera-1", at(9), ledger(1)) };
  };
  const why =
    "diverged: mine is 8b1f…:9, and the cluster that galera-0 is in stands at 5; joining would replace it; to give it up, start once with GALERA_ALLOW_DISCARD=galera-1:1";

  test("for 5 s", async () => {
    const { one } = diverged();
    const wait = { action: "wait", why: `a human, unless this changes: ${why}` };
    expect(await decision(one)).toEqual(wait);
    await clock.advance(4999);
    expect(await decision(one)).toEqual(wait);
    await clock.advance(1);
    expect(await decision(one)).toEqual({ action: "hold", why });
    expect(await decision(one)).toEqual({ action: "hold", why });
  });

  test("for the same reason", async () => {
    const { primary, one } = diverged();
    await decision(one);
    await clock.advance(4000);
    primary.resume(ledger(1, { foundings: [founding(1), founding(2, 4n)] }));
    await decision(one);
    await clock.advance(4999);
    expect((await decision(one)).action).toBe("wait");
    await clock.advance(1);
    expect((await decision(one)).action).toBe("hold");
  });

  test("whatever the cluster writes meanwhile, and whoever is ahead in it", async () => {
    const { primary, one } = diverged();
    const second = w.agent("galera-2", ledger(1));
    second.told({ uuid, primary: true, status: "synced", view: { number: 4, members: pods(1) } });
    const decisions = [await decision(one)];
    for (const [ahead, seqno] of [
      [primary, 6n],
      [second, 7n],
      [primary, 8n],
    ] as const) {
      ahead.stands(seqno);
      decisions.push(await decision(one));
      await clock.advance(3000);
    }
    expect(new Set(decisions.map((each) => each.why))).toEqual(
      new Set([`a human, unless this changes: ${why}`, why]),
    );
    expect(decisions.at(-1)?.action).toBe("hold");
  });

  test("without a break", async () => {
    const { primary, one } = diverged();
    await decision(one);
    await clock.advance(4000);
    w.silent.add(primary.name);
    w.dns.push("galera-0=10.0.0.1");
    await decision(one);
    w.silent.clear();
    await clock.advance(1000);
    expect((await decision(one)).action).toBe("wait");
  });

  test("within one start", async () => {
    const { one } = diverged();
    await decision(one);
    await clock.advance(5000);
    one.start(at(9), ledger(1));
    expect((await decision(one)).action).toBe("wait");
  });

  test("unless others cannot change it", async () => {
    const one = w.starts("galera-0", { kind: "unclustered" });
    expect((await decision(one)).action).toBe("hold");
  });
});

describe("a preview", () => {
  test("says what would be done, and does nothing", async () => {
    w.dns = w.dns.slice(0, 1);
    const one = w.starts("galera-0", empty);
    const before = one.state();
    expect((await one.preview(signal)).decision).toMatchObject({ action: "found", epoch: 1 });
    expect(one.state()).toBe(before);
    expect(one.saved).toEqual([]);
  });

  test("grants nothing", async () => {
    w.starts("galera-0", at(5), ledger(2));
    const one = w.starts("galera-1", at(9), ledger(2));
    expect((await one.preview(signal)).decision.why).toMatch(/^the grant of galera-0;/);
    expect(one.state().vote).toBeUndefined();
  });

  test("says at once what would be held", async () => {
    const primary = w.agent("galera-0", ledger(1));
    primary.told({ uuid, primary: true, status: "synced", view: { number: 4, members: pods(1) } });
    primary.stands(5n);
    const one = w.starts("galera-1", at(9), ledger(1));
    expect((await one.preview(signal)).decision.action).toBe("hold");
  });
});

describe("DNS", () => {
  test("that does not name me is awaited, and keeps what was granted", async () => {
    w.starts("galera-1", at(9), ledger(2));
    const one = w.starts("galera-0", at(5), ledger(2));
    await one.pass(signal);
    const { vote } = one.state();
    expect(vote?.candidate).toBe("galera-1");
    w.dns = ["galera-1=10.0.0.2"];
    await clock.advance(1000);
    const verdict = { decision: { action: "wait", why: "my own SRV record" }, peers: undefined };
    expect(await one.pass(signal)).toEqual(verdict);
    expect(one.state().vote).toEqual(vote);
  });

  test("whose answer is older than my pod founds nothing new", async () => {
    w.dns = ["galera-0=10.0.0.99"];
    const stale = await decision(w.starts("galera-0", empty));
    expect(stale).toEqual({
      action: "wait",
      why: "a fresh DNS answer: my own record has 10.0.0.99, which is not mine",
    });
    w.dns = ["galera-0"];
    expect((await decision(w.starts("galera-0", empty))).why).toBe(
      "a fresh DNS answer: this one came without my address, and nothing else proves its age",
    );
  });
});

describe("who is asked", () => {
  test("all that DNS names, and all that the ledger does; not me", async () => {
    const one = w.starts("galera-0", at(5), ledger(["galera-0", "galera-1", "galera-7"]));
    await one.pass(signal);
    expect(one.asked).toEqual([
      { name: "galera-1", address: "10.0.0.2", atStake: true },
      { name: "galera-2", address: "10.0.0.3", atStake: true },
      { name: "galera-7", address: undefined, atStake: true },
    ]);
  });

  test.each<[Evidence, boolean]>([
    [empty, false],
    [halfSst, false],
  ])("without data, nothing is at stake in a join: %j", async (evidence, atStake) => {
    const one = w.starts("galera-0", evidence);
    await one.pass(signal);
    expect(one.asked[0]?.atStake).toBe(atStake);
  });
});

test("a start that comes while DNS is asked for the one before is decided on by its own look", async () => {
  w.dns = w.dns.slice(0, 1);
  const one = w.starts("galera-0", empty);
  w.looking = () => {
    w.looking = () => {};
    one.start(empty, undefined);
  };
  expect((await one.pass(signal)).decision.action).toBe("wait");
  expect(one.saved).toEqual([]);
  expect(one.state().phase).toEqual({ kind: "waiting" });
  expect(await decision(one)).toMatchObject({ action: "found", epoch: 1 });
});

test("a ledger that the disk has already is not written again: the disk may be full", () => {
  const one = w.agent("galera-0", undefined);
  const told = {
    uuid,
    primary: true,
    status: "synced",
    view: { number: 4, members: ["galera-0"] },
  };
  one.told(told);
  one.told({ ...told, view: { ...told.view } });
  expect(one.saved).toHaveLength(1);
});

test("an agent begins with what the disk holds then", () => {
  const one = w.agent("galera-0", undefined);
  one.resume(ledger(3));
  expect(one.state().ledger).toEqual(ledger(3));
});

test("what comes while the others are asked counts", async () => {
  w.dns = w.dns.slice(0, 2);
  const one = w.starts("galera-0", empty, undefined, { replicas: 2 });
  w.starts("galera-1", empty);
  w.asking = () => one.idle();
  expect(await decision(one)).toEqual({
    action: "rest",
    why: "no start of a server waits for a decision",
  });
});

describe("a server that runs", () => {
  const told: ServerView = {
    ...{ uuid, primary: true, status: "synced", view: { number: 4, members: pods(2) } },
  };

  test("makes durable what it has come to, before anything is said of it", () => {
    const one = w.agent("galera-0", ledger(2));
    one.told(told);
    expect(one.saved).toEqual([ledger(2, { view: told.view })]);
    expect(one.state().ledger).toEqual(one.saved[0]);
    one.told({ ...told, primary: false });
    expect(one.saved).toHaveLength(1);
  });

  test("says how far it is", () => {
    const one = w.agent("galera-0", ledger(2));
    one.stands(7n);
    expect(one.state().phase).toEqual({ kind: "idle" });
    one.told(told);
    one.stands(7n);
    expect(one.state().phase).toMatchObject({ kind: "running", seqno: 7n });
    one.stands(undefined);
    expect(one.state().phase).toMatchObject({ seqno: undefined });
    one.idle();
    expect(one.state().phase).toEqual({ kind: "idle" });
  });

  test("learns of a founding by pc.bootstrap from its component", async () => {
    const later = ledger(2, { foundings: [founding(1), founding(2, 5n)] });
    const one = w.agent("galera-0", ledger(2));
    const other = w.agent("galera-1", later);
    one.told(told);
    other.told(told);
    await one.pass(signal);
    expect(one.state().ledger?.foundings).toEqual(later.foundings);
    expect(one.saved.at(-1)).toEqual(one.state().ledger);
  });

  test("and not from one in another", async () => {
    const one = w.agent("galera-0", ledger(2));
    const other = w.agent("galera-1", ledger(2, { foundings: [founding(1), founding(2, 5n)] }));
    one.told({ ...told, view: { number: 4, members: pods(1) } });
    other.told(told);
    await one.pass(signal);
    expect(one.state().ledger?.foundings).toEqual([founding(1)]);
  });

  describe("of a start that was to join, before it is in the primary component", () => {
    /** Joins galera-0, which is killed then, and founds the cluster anew, from there. */
    const overtaken = async (anew: bigint) => {
      const cluster = w.agent("galera-0", ledger(2));
      cluster.told({ ...told, view: { number: 4, members: pods(1) } });
      cluster.stands(7n);
      const one = w.starts("galera-1", at(3), ledger(2));
      expect(await decision(one)).toMatchObject({ action: "join" });
      one.told({ ...told, primary: false, status: "connected" });
      const later = ledger(1, { foundings: [founding(1), founding(2, anew)] });
      cluster.resume(later);
      await one.pass(signal);
      return { one, later };
    };

    test("learns that the cluster was founded anew meanwhile", async () => {
      const { one, later } = await overtaken(7n);
      expect(one.saved.at(-1)?.joining).toEqual(later.foundings);
      one.told(told);
      expect(one.state().ledger).toMatchObject({ foundings: later.foundings, joining: undefined });
    });

    test("and not where it was from before its data", async () => {
      const { one } = await overtaken(2n);
      expect(one.state().ledger?.joining).toEqual([founding(1)]);
    });
  });

  test("brings its component back with the others' grants", async () => {
    w.dns = w.dns.slice(0, 2);
    for (const name of pods(2)) {
      const one = w.agent(name, ledger(2));
      one.told({ ...told, primary: false });
      one.stands(9n);
    }
    const decisions = await w.rounds(3);
    expect(decisions.get("galera-0")?.find(({ action }) => action === "bootstrap")).toMatchObject({
      epoch: 2,
      running: running(0, connected(false, 9, pods(2))).phase.kind === "running" && {
        view: told.view,
        seqno: 9n,
      },
    });
    expect(decisions.get("galera-1")?.some(({ action }) => action === "bootstrap")).toBe(false);
    const zero = w.members.get("galera-0") as Member;
    expect(zero.saved[0]).toMatchObject({
      foundings: [{ epoch: 1 }, { epoch: 2, seqno: 9n }],
      view: told.view,
    });
  });
});
