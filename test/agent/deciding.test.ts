import { expect, test } from "vitest";
import { createDeciding } from "../../src/agent/deciding.js";
import type { ServerWatch } from "../../src/agent/sql/server-watch.js";
import type { ServerSql } from "../../src/agent/sql/sql.js";
import type { Phase } from "../../src/bootstrap/member.js";
import type { Participant } from "../../src/bootstrap/participant.js";
import { testClock } from "../system/test-clock.js";
import { collect, signal, stateOf } from "./members.js";
import { running } from "./reports.js";

const outside: Phase = { ...running, primary: false };

/** An agent whose server runs outside a primary component, and keeps another from founding. */
function deciding() {
  const clock = testClock();
  const it = { phase: outside as Phase, isUnreleased: async () => false };
  const looks: (string | undefined)[] = [];
  const participant: Pick<Participant, "state" | "pass" | "idle"> = {
    state: () => stateOf("galera-0", { phase: it.phase }),
    pass: async () => ({
      decision: { action: "wait", why: "the end of galera-0's", stops: true },
      peers: undefined,
    }),
    idle: () => {
      it.phase = { kind: "idle" };
    },
  };
  const watch: Pick<ServerWatch, "look" | "isStuck" | "restart"> = {
    look: async () => {},
    isStuck: async () => false,
    restart: () => {},
  };
  const own = createDeciding(
    { name: "galera-0", stateDir: "/nowhere", parent: undefined },
    {
      ...{ clock, signal, log: collect().log, decided: () => {} },
      participant: participant as Participant,
      watch: watch as ServerWatch,
      sql: {} as ServerSql,
      isUnreleased: () => it.isUnreleased(),
      ending: {
        look: async (why) => void looks.push(why),
        ...{ isAwaited: () => false, toEnd: () => undefined, forget: () => {} },
      },
    },
  );
  const passes = async (times: number) => {
    for (let time = 0; time < times; time += 1) {
      await own.pass();
      await clock.advance(1000);
    }
    return looks.splice(0);
  };
  return { it, own, looks, passes };
}

const why = "so that another one can found: the end of galera-0's";

test("a server that keeps another from founding for 10 s is to end, until it is in a primary component", async () => {
  const { it, passes } = deciding();
  expect(await passes(13)).toEqual([...Array(10).fill(undefined), why, why, why]);
  it.phase = running;
  expect(await passes(1)).toEqual([undefined]);
});

test("an agent that has lost its server for a while asks anew before it ends it", async () => {
  const { it, passes } = deciding();
  await passes(3);
  it.phase = { kind: "idle" };
  await passes(20);
  it.phase = outside;
  expect(await passes(10)).toEqual(Array(10).fill(undefined));
  expect(await passes(1)).toEqual([why]);
});

test("another start while it is looked whether the one before has to end: that one has not", async () => {
  const { it, own, looks, passes } = deciding();
  await passes(13);
  it.isUnreleased = async () => {
    own.ended();
    return true;
  };
  await own.pass();
  expect(looks).toEqual([]);
});
