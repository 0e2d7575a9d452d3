import { expect, test } from "vitest";
import { createContact } from "../../../src/agent/http/contact.js";
import type { Whom } from "../../../src/bootstrap/participant.js";
import { testClock } from "../../system/test-clock.js";
import { freePort, host, newId, serving, signal, stateOf } from "../members.js";

const refused = "its agent: connection refused";

/** A member that asks galera-1; Galera's port there is open or not, as `galera` says. */
async function asking({ agentPort, galera = true }: { agentPort?: number; galera?: boolean }) {
  const clock = testClock();
  const asked: string[] = [];
  const place = { galera };
  const contact = createContact(
    { agentPort: agentPort ?? (await freePort()), key: undefined },
    {
      ...{ clock, newId },
      accepts: async (where, port) => {
        asked.push(`${where}:${port}`);
        return place.galera;
      },
    },
  );
  const ask = (whom: Partial<Whom> = {}) =>
    contact({ name: "galera-1", address: host, atStake: true, ...whom }, signal);
  return { ask, clock, asked, place };
}

test("answers: nobody tries its Galera", async () => {
  const { port } = await serving();
  const { ask, asked } = await asking({ agentPort: port });
  expect(await ask()).toEqual({ kind: "answers", state: stateOf("galera-1") });
  expect(asked).toEqual([]);
});

test("no address: silent, nobody is asked", async () => {
  const { ask, asked } = await asking({});
  expect(await ask({ address: undefined })).toEqual({ kind: "silent", what: "no DNS record" });
  expect(asked).toEqual([]);
});

test("neither listens: silent", async () => {
  const { ask, asked } = await asking({ galera: false });
  expect(await ask({ atStake: false })).toEqual({ kind: "silent", what: refused });
  expect(asked).toEqual([`${host}:4567`]);
});

test("an agent that answers wrongly is no absent one, whoever else listens", async () => {
  const { port } = await serving({ state: async () => stateOf("galera-2") });
  const { ask, asked, clock } = await asking({ agentPort: port });
  await ask({ atStake: false });
  await clock.advance(60_000);
  const what = "the agent at its address is that of galera-2";
  expect(await ask({ atStake: false })).toEqual({ kind: "silent", what });
  expect(asked).toEqual([]);
});

test("Galera alone listens: present at once for one who has nothing to lose", async () => {
  const { ask } = await asking({});
  expect(await ask({ atStake: false })).toEqual({ kind: "present", what: refused });
});

test("who has data waits 10 s", async () => {
  const { ask, clock } = await asking({});
  expect(await ask()).toEqual({ kind: "silent", what: refused });
  await clock.advance(9999);
  expect(await ask()).toMatchObject({ kind: "silent" });
  await clock.advance(1);
  expect(await ask()).toEqual({ kind: "present", what: refused });
});

test("the 10 s are each member's own", async () => {
  const { ask, clock } = await asking({});
  await ask();
  await clock.advance(10_000);
  expect(await ask({ name: "galera-2" })).toMatchObject({ kind: "silent" });
  expect(await ask()).toMatchObject({ kind: "present" });
});

test("they begin anew where Galera's port was closed between", async () => {
  const { ask, clock, place } = await asking({});
  await ask();
  await clock.advance(9000);
  place.galera = false;
  await ask();
  place.galera = true;
  await clock.advance(9000);
  expect(await ask()).toMatchObject({ kind: "silent" });
  await clock.advance(10_000);
  expect(await ask()).toMatchObject({ kind: "present" });
});

test("and where the agent was back between", async () => {
  const agentPort = await freePort();
  const { ask, clock } = await asking({ agentPort });
  await ask();
  await clock.advance(9000);
  const { close } = await serving({}, { port: agentPort });
  expect(await ask()).toMatchObject({ kind: "answers" });
  await close();
  await clock.advance(9000);
  expect(await ask()).toMatchObject({ kind: "silent", what: refused });
  await clock.advance(10_000);
  expect(await ask()).toMatchObject({ kind: "present" });
});

test("a nonce of its own for each question", async () => {
  const ids = new Set<string>();
  const contact = createContact(
    { agentPort: await freePort(), key: undefined },
    {
      ...{ clock: testClock(), accepts: async () => false },
      newId: () => {
        ids.add(`${ids.size}`);
        return `${ids.size}`;
      },
    },
  );
  for (let n = 0; n < 3; n += 1) {
    await contact({ name: "galera-1", address: host, atStake: false }, signal);
  }
  expect(ids.size).toBe(3);
});
