import { expect, test } from "vitest";
import type { Query } from "../../src/dns/client.js";
import { createRounds } from "../../src/status/rounds.js";
import { freePort, host, newId, signal } from "../agent/members.js";
import { service } from "./sightings.js";

const me = { name: "debug", serviceFqdn: service, podIp: undefined };
const reply = { rcode: "NOERROR", truncated: false, srv: [], invalid: 0, addresses: new Map() };

/** An answer that names galera-0 without its address, which nobody has. */
const query: Query = async (_name, type) => {
  if (type !== "SRV") return { kind: "empty", why: "nodata", ttlS: 5 };
  const srv = [{ target: `galera-0.${service}`, port: 4567, priority: 0, weight: 100 }];
  return { kind: "answer", value: { ...reply, srv, ttlS: 5 }, ttlS: 5 };
};

test("a member that DNS gives no address of", async () => {
  const agentPort = await freePort();
  const rounds = createRounds({ me, here: host, agentPort, key: undefined }, { query, newId });
  expect(await rounds(signal)).toEqual({
    ...{ service, dnsProblem: undefined },
    sightings: [
      {
        ...{ name: "galera-0", named: true, addresses: [] },
        answer: { kind: "silent", what: "DNS gives no address", absent: false },
      },
    ],
  });
});

test("a signal ends it with its reason, in the middle of a look-up", async () => {
  const reason = new Error("ended by SIGTERM");
  const stop = new AbortController();
  const never: Query = (_name, _type, limit) =>
    new Promise((_, fail) => limit.addEventListener("abort", () => fail(limit.reason)));
  const rounds = createRounds(
    { me, here: host, agentPort: 1, key: undefined },
    { query: never, newId },
  );
  const looking = rounds(stop.signal);
  stop.abort(reason);
  await expect(looking).rejects.toBe(reason);
});
