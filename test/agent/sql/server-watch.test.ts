import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createServerWatch } from "../../../src/agent/sql/server-watch.js";
import type { ServerAnswer } from "../../../src/agent/sql/sql.js";
import { initialisationNote, temporaryServerSocket } from "../../../src/bootstrap/datadir.js";
import { inComponent, inPhase } from "../../../src/bootstrap/member.js";
import type { Participant } from "../../../src/bootstrap/participant.js";
import { saveTold, type Told } from "../../../src/bootstrap/store.js";
import { testClock } from "../../system/test-clock.js";
import { collect, scratch, signal, stateOf, synced, uuid } from "../members.js";

const view = { number: 3, members: ["galera-0", "galera-1"] };
const inPrimary: Told = {
  ...{ status: "synced", current: { primary: true, view } },
  primary: { uuid, view, synced: true },
};
const outside: Told = { ...inPrimary, status: "connected", current: { primary: false, view } };
const left: Told = { ...inPrimary, status: "disconnected", current: undefined };
const silent: ServerAnswer = { kind: "silent", why: "connect ENOENT sock" };
const refuses: ServerAnswer = { kind: "refuses", why: "Access denied" };

function status(seqno: bigint, patch: Partial<typeof synced> = {}): ServerAnswer {
  return { kind: "status", status: { ...synced, lastCommitted: seqno, ...patch } };
}

/** A watch of a server that answers as a test says; it is started, and waits for its decision. */
function watched({ parent }: { parent?: number } = {}) {
  const stateDir = scratch();
  const clock = testClock();
  const { log, lines } = collect();
  let state = inPhase(stateOf("galera-0"), { kind: "waiting" });
  const participant: Pick<Participant, "state" | "told" | "stands" | "idle"> = {
    state: () => state,
    told: (what) => {
      state = inComponent(state, what);
    },
    stands: (seqno) => {
      if (state.phase.kind === "running") state = { ...state, phase: { ...state.phase, seqno } };
    },
    idle: () => {
      state = inPhase(state, { kind: "idle" });
    },
  };
  let isOpen = true;
  let isConnected = true;
  let answer: ServerAnswer | undefined = status(41n);
  let pending: ((answer: ServerAnswer) => void)[] = [];
  let asked = 0;
  let isAlive = true;
  let hangs = false;
  const watch = createServerWatch(
    { datadir: stateDir, stateDir, address: "127.0.50.1", parent },
    {
      ...{ clock, log, signal, accepts: async () => isOpen },
      ...{ isAlive: () => isAlive, hangs: () => hangs },
      participant: participant as Participant,
      sql: {
        isConnected: () => isConnected,
        status: () => {
          asked += 1;
          return answer === undefined
            ? new Promise((resolve) => pending.push(resolve))
            : Promise.resolve(answer);
        },
        bootstrap: async () => {},
        shutdown: async () => {},
        reloadTls: async () => {},
        close: async () => {},
      },
    },
  );
  watch.restart();
  return {
    ...{ watch, clock, lines },
    asked: () => asked,
    phase: () => state.phase,
    seqno: () => (state.phase.kind === "running" ? state.phase.seqno : undefined),
    tells: (what: Told) => saveTold(stateDir, what),
    /** What the server answers from now on; undefined: not until `answers` is called. */
    says: (what: ServerAnswer | undefined) => {
      answer = what;
    },
    answers: (what: ServerAnswer) => {
      for (const resolve of pending) resolve(what);
      pending = [];
    },
    /** The server closes the connection. */
    hangsUp: () => {
      isConnected = false;
    },
    port: (open: boolean) => {
      isOpen = open;
    },
    /** `run` leaves a file in the datadir, and takes it away. */
    leaves: (file: string) => writeFileSync(join(stateDir, file), ""),
    removes: (file: string) => rmSync(join(stateDir, file)),
    /** No file has changed for too long. */
    stops: () => {
      isAlive = false;
    },
    /** Nothing has changed since it was to end. */
    hangs: () => {
      hangs = true;
    },
    /** Whether it is stuck then, and at the look after that; before then it must not be. */
    stuckAfter: async (ms: number) => {
      await clock.advance(ms - 1);
      expect(await watch.isStuck()).toBe(false);
      await clock.advance(1);
      const isStuck = await watch.isStuck();
      expect(await watch.isStuck()).toBe(isStuck);
      return isStuck;
    },
    /** A start begins. */
    starts: () => {
      state = inPhase(state, { kind: "waiting" });
      watch.restart();
    },
    joins: () => {
      state = inPhase(state, { kind: "joining" });
      watch.restart();
    },
  };
}

/** A server that runs in the primary component, and was looked at once. */
async function running(options: { parent?: number } = {}) {
  const one = watched(options);
  one.joins();
  one.tells(inPrimary);
  await one.watch.look();
  return one;
}

const unseen = { answer: undefined, answeredMs: undefined, paused: undefined };

describe("a server is asked", () => {
  test("not while a start waits, nor when there is none", async () => {
    const one = watched();
    await one.watch.look();
    await one.watch.refresh();
    one.watch.restart();
    expect(one.asked()).toBe(0);
    expect(one.watch.sight()).toEqual(unseen);
  });

  test("while it joins, which has no position", async () => {
    const one = watched();
    one.joins();
    one.says(silent);
    await one.watch.look();
    expect(one.watch.sight()).toEqual({ ...unseen, answer: silent });
    expect(one.phase()).toEqual({ kind: "joining" });
  });

  test("that denies the account: it is said once", async () => {
    const one = await running();
    for (const wait of [1000, 1000, 1000]) {
      await one.clock.advance(wait);
      one.says({ kind: "refuses", why: "Access denied" });
      await one.watch.look();
    }
    const said = one.lines.filter((line) => line.includes("does not answer me: Access denied"));
    expect(said).toHaveLength(1);
  });

  test("once for all who ask at the same time, and once in 300 ms", async () => {
    const one = await running();
    expect(one.asked()).toBe(1);
    await one.clock.advance(299);
    await one.watch.refresh();
    expect(one.asked()).toBe(1);
    await one.clock.advance(1);
    one.says(undefined);
    const both = [one.watch.refresh(), one.watch.refresh()];
    expect(one.asked()).toBe(2);
    one.answers(status(50n));
    await Promise.all(both);
    expect(one.seqno()).toBe(50n);
  });

  test("anew at once where it has closed the connection, as one that was killed does", async () => {
    const one = await running();
    await one.watch.refresh();
    expect(one.watch.sight().answer?.kind).toBe("status");
    one.hangsUp();
    const silent = { kind: "silent", why: "connection refused" } as const;
    one.says(silent);
    await one.watch.refresh();
    expect(one.watch.sight().answer).toEqual(silent);
    const { asked } = one;
    const before = asked();
    await one.watch.refresh();
    expect(asked()).toBe(before); // that answer is as new as any
  });

  test("anew 300 ms after it was asked, however long it took to answer", async () => {
    const one = await running();
    await one.clock.advance(1000);
    one.says(undefined);
    const first = one.watch.refresh();
    await one.clock.advance(290);
    const second = one.watch.refresh(); // waits for the same answer, and makes it no newer
    one.answers(status(50n));
    await Promise.all([first, second]);
    await one.clock.advance(10);
    one.says(status(60n));
    await one.watch.refresh();
    expect(one.seqno()).toBe(60n);
  });
});

describe("a position", () => {
  test("is the server's", async () => {
    const one = await running();
    expect(one.seqno()).toBe(41n);
    expect(one.watch.sight()).toEqual({ answer: status(41n), answeredMs: 0, paused: undefined });
  });

  test.each([
    ["is silent", silent, 0],
    ["refuses", refuses, 1000],
  ])("is not known of a server that %s", async (_, answer, answeredMs) => {
    const one = await running();
    await one.clock.advance(1000);
    one.says(answer);
    await one.watch.refresh();
    expect(one.seqno()).toBeUndefined();
    expect(one.watch.sight()).toEqual({ answer, answeredMs, paused: undefined });
  });

  test.each<[string, (one: Awaited<ReturnType<typeof running>>) => void]>([
    ["a start has begun", (one) => one.starts()],
    ["it was decided what to do", (one) => one.joins()],
  ])("is not taken from an earlier server: %s", async (_, begin) => {
    const one = await running();
    await one.clock.advance(1000);
    one.says(undefined);
    const asking = one.watch.refresh();
    begin(one);
    one.tells({ ...inPrimary, status: "joined" });
    one.answers(status(999n, { desync: true }));
    await asking;
    expect(one.watch.sight()).toEqual(unseen);
    expect(one.lines.join()).not.toContain("desynced");
    one.joins();
    one.tells(inPrimary);
    one.says(status(7n));
    await one.watch.look();
    expect(one.seqno()).toBe(7n);
  });

  test("of the new server is asked for while the old one's answer is under way", async () => {
    const one = await running();
    await one.clock.advance(1000);
    one.says(undefined);
    const old = one.watch.refresh();
    one.joins();
    const next = one.watch.refresh();
    expect(one.asked()).toBe(3);
    one.answers(status(8n));
    await Promise.all([old, next]);
    expect(one.watch.sight().answer).toEqual(status(8n));
  });

  test("is not that of a server which has left its cluster", async () => {
    const one = await running();
    await one.clock.advance(1000);
    one.tells(left);
    await one.watch.look();
    expect(one.watch.sight()).toEqual(unseen);
  });
});

describe("flow control", () => {
  test("is measured over what one server said", async () => {
    const one = await running();
    one.says(status(42n, { pausedNs: 5_000_000_000n }));
    await one.clock.advance(10_000);
    await one.watch.refresh();
    expect(one.watch.sight().paused).toBe(0.5);
    one.joins();
    await one.watch.refresh();
    expect(one.watch.sight().paused).toBeUndefined();
  });
});

describe("what it tells", () => {
  test("is logged once; it begins outside", async () => {
    const one = watched();
    one.joins();
    one.tells(outside);
    await one.watch.look();
    await one.watch.look();
    expect(one.lines).toEqual([
      "info: my server is connected, in a component that is not primary: galera-0, galera-1",
    ]);
  });

  test("is a warning where it is not primary any more", async () => {
    const one = await running();
    await one.watch.look();
    one.tells(outside);
    await one.watch.look();
    await one.watch.look();
    expect(one.lines).toEqual([
      "info: my server is synced, in the primary component: galera-0, galera-1",
      "warn: my server is connected, in a component that is not primary: galera-0, galera-1",
    ]);
    expect(one.phase()).toMatchObject({ kind: "running", primary: false });
  });

  test("of an earlier start is nothing", async () => {
    const one = watched();
    one.tells(inPrimary);
    one.joins();
    await one.watch.look();
    expect(one.lines).toEqual([]);
    expect(one.phase()).toEqual({ kind: "joining" });
  });

  /** One that has told that it has left. */
  async function hasLeft() {
    const one = await running();
    one.tells(left);
    await one.watch.look();
    expect(one.phase()).toEqual({ kind: "idle" });
    expect(one.lines.at(-1)).toBe("info: my server has left the cluster");
    return one;
  }

  test.each([
    ["answers", status(41n)],
    ["refuses to answer", refuses],
  ])("that it has left, and it %s 30 s later: it is stuck", async (_, answer) => {
    const one = await hasLeft();
    one.says(answer);
    expect(await one.stuckAfter(30_000)).toBe(true);
    one.starts();
    expect(await one.watch.isStuck()).toBe(false);
  });

  test("that it has left, and it is silent: it is stuck if it gets nowhere", async () => {
    const one = await hasLeft();
    one.says(silent);
    await one.clock.advance(300_000);
    expect(await one.watch.isStuck()).toBe(false); // as one with much to write
    one.hangs();
    expect(await one.watch.isStuck()).toBe(true);
  });

  test("that it has left, and then that it is back", async () => {
    const one = await running();
    one.tells(left);
    await one.watch.look();
    one.tells(inPrimary);
    await one.watch.look();
    await one.clock.advance(60_000);
    expect(await one.watch.isStuck()).toBe(false);
    expect(one.phase()).toMatchObject({ kind: "running", primary: true });
  });
});

describe("a server has ended", () => {
  /** A server that ran, and is found to have ended. */
  async function hasEnded() {
    const one = await running();
    one.says(silent);
    one.port(false);
    await one.clock.advance(1000);
    await one.watch.look();
    return one;
  }

  /** Galera closes its port where an IST has failed, and the server is told nothing. */
  test.each([
    ["unless it answers 30 s later: it is stuck", status(41n), false, true],
    ["unless it refuses to answer 30 s later", refuses, false, true],
    ["and is silent 30 s later", silent, false, false],
    ["or was only slow: its port is open 30 s later", status(41n), true, false],
  ])("%s", async (_, later, isOpen, isStuck) => {
    const one = await hasEnded();
    expect(one.lines.at(-1)).toBe("info: my server has ended");
    one.says(later);
    one.port(isOpen);
    expect(await one.stuckAfter(30_000)).toBe(isStuck);
    one.says(silent);
    one.hangs();
    expect(await one.watch.isStuck()).toBe(isStuck); // at its end
  });

  test("and one that was slow to answer 30 s later is stuck as soon as it answers", async () => {
    const one = await hasEnded();
    await one.clock.advance(30_000);
    expect(await one.watch.isStuck()).toBe(false);
    one.says(status(41n));
    expect(await one.watch.isStuck()).toBe(true);
  });

  test("and another start has begun: that one is not stuck", async () => {
    const one = await hasEnded();
    one.starts();
    one.says(status(41n));
    await one.clock.advance(60_000);
    expect(await one.watch.isStuck()).toBe(false);
  });

  test("when it answers no more, and its port is closed", async () => {
    const one = await running();
    await one.clock.advance(1000);
    one.says(silent);
    one.port(false);
    await one.watch.look();
    expect(one.lines.at(-1)).toBe("info: my server has ended");
    expect(one.phase()).toEqual({ kind: "idle" });
    expect(one.watch.sight()).toEqual(unseen);
  });

  test("not while it answers, or its port is open", async () => {
    const one = await running();
    for (const [answer, open] of [
      [status(42n), false],
      [silent, true],
      [refuses, true],
    ] as const) {
      await one.clock.advance(1000);
      one.says(answer);
      one.port(open);
      await one.watch.look();
      expect(one.phase()).toMatchObject({ kind: "running" });
    }
  });

  test("when it did not come up within 90 s of its start", async () => {
    const one = watched();
    one.joins();
    one.says(silent);
    one.port(false);
    await one.clock.advance(89_999);
    await one.watch.look();
    expect(one.phase()).toEqual({ kind: "joining" });
    await one.clock.advance(1);
    await one.watch.look();
    expect(one.phase()).toEqual({ kind: "idle" });
  });

  describe.each([initialisationNote, temporaryServerSocket])(
    "while there is %s in the datadir",
    (file) => {
      /** A start whose `run` works on the datadir for 100 s. */
      const preparing = async () => {
        const one = watched();
        one.joins();
        one.says(silent);
        one.port(false);
        one.leaves(file);
        await one.clock.advance(100_000);
        await one.watch.look();
        return one;
      };

      test("it has not, and has 90 s from the end of that work on", async () => {
        const one = await preparing();
        expect(one.phase()).toEqual({ kind: "joining" });
        one.removes(file);
        await one.clock.advance(89_999);
        await one.watch.look();
        expect(one.phase()).toEqual({ kind: "joining" });
        await one.clock.advance(1);
        await one.watch.look();
        expect(one.phase()).toEqual({ kind: "idle" });
      });

      test("it has, where nothing moves any more: a dead `run` has left it", async () => {
        const one = await preparing();
        one.stops();
        await one.clock.advance(90_000);
        await one.watch.look();
        expect(one.phase()).toEqual({ kind: "idle" });
      });

      test("it has, where its port was open before", async () => {
        const one = await preparing();
        one.port(true);
        await one.watch.look();
        one.port(false);
        await one.watch.look();
        expect(one.phase()).toEqual({ kind: "idle" });
      });

      test("it has, where it told of itself: an official image's script leaves ours", async () => {
        const one = await preparing();
        one.tells(outside);
        await one.clock.advance(90_000);
        await one.watch.look();
        expect(one.phase()).toEqual({ kind: "idle" });
      });
    },
  );

  test("but was only slow, and is heard again", async () => {
    const one = await running();
    await one.clock.advance(1000);
    one.says(silent);
    one.port(false);
    await one.watch.look();
    one.says(status(43n));
    one.port(true);
    await one.watch.look();
    expect(one.phase()).toMatchObject({ kind: "running", primary: true });
    expect(one.seqno()).toBe(43n);
  });

  test("never, where the agent ends with it", async () => {
    const one = await running({ parent: 7 });
    await one.clock.advance(1000);
    one.says(silent);
    one.port(false);
    await one.watch.look();
    expect(one.phase()).toMatchObject({ kind: "running" });
  });
});
