import { describe, expect, test } from "vitest";
import type { Query } from "../../src/dns/client.js";
import type { Lookup } from "../../src/dns/lookup.js";
import type { Target } from "../../src/dns/service.js";
import { createLook, sight } from "../../src/peers/look.js";
import { fqdn, manyTargets, member, serviceFqdn, targets } from "./members.js";

const me = member();
const answer = (value: readonly Target[]): Lookup<readonly Target[]> => ({
  ...{ kind: "answer", value, ttlS: 5 },
});

test("an answer that names me is the peers", () => {
  expect(sight(answer(targets("galera-0=10.0.0.1", "galera-1")), me)).toMatchObject({
    ...{ kind: "peers", ttlS: 5, set: { fresh: true, others: [{ name: fqdn("galera-1") }] } },
  });
});

describe("anything else is awaited, in words that say what", () => {
  test.each<[string, Lookup<readonly Target[]>, "unnamed" | "empty" | "failed", string]>([
    [
      "others alone",
      answer(targets("galera-1", "galera-10")),
      "unnamed",
      `my own SRV record: ${me.fqdn} is not among ${fqdn("galera-1")}, ${fqdn("galera-10")}`,
    ],
    [
      "NXDOMAIN",
      { kind: "empty", why: "nxdomain", ttlS: 5 },
      "empty",
      `my own SRV record: ${serviceFqdn} does not exist (NXDOMAIN)`,
    ],
    [
      "no data",
      { kind: "empty", why: "nodata", ttlS: 5 },
      "empty",
      `my own SRV record: ${serviceFqdn} has none (does the Service name its ports?)`,
    ],
    [
      "a failure",
      { kind: "failed", why: "servfail", detail: "10.0.0.10:53: SERVFAIL" },
      "failed",
      `DNS: ${serviceFqdn}: 10.0.0.10:53: SERVFAIL`,
    ],
  ])("%s", (_, found, because, what) => {
    expect(sight(found, me)).toEqual({ kind: "awaiting", because, what });
  });

  test("5,000 others do not make a long line", () => {
    const seen = sight(answer(manyTargets(5000)), member("other-0"));
    expect(seen.kind === "awaiting" && seen.what.length).toBeLessThan(600);
  });
});

describe("a look", () => {
  /** DNS without glue, and what it was asked. */
  function dns() {
    const asked: string[] = [];
    const query: Query = async (name, type) => {
      asked.push(`${type} ${name}`);
      if (type === "SRV") {
        const srv = ["galera-0", "galera-1"].map((pod) => ({
          ...{ target: fqdn(pod), port: 4567, priority: 0, weight: 50 },
        }));
        return { kind: "answer", value: { ...reply, srv, addresses: new Map() }, ttlS: 5 };
      }
      const address = type === "A" ? `10.0.0.${name === me.fqdn ? 1 : 2}` : "fd00::1";
      const addresses = new Map([[name, [address]]]);
      return { kind: "answer", value: { ...reply, srv: [], addresses }, ttlS: 5 };
    };
    return { asked, query };
  }
  const reply = { rcode: "NOERROR", truncated: false, invalid: 0, ttlS: 5 };
  const { signal } = new AbortController();

  test("asks for the service by its absolute name, and for my own address", async () => {
    const { asked, query } = dns();
    const seen = await createLook(query, me, "dns", false)(signal);
    expect(asked.toSorted()).toEqual([`A ${me.fqdn}`, `AAAA ${me.fqdn}`, `SRV ${serviceFqdn}`]);
    // An address that is looked up afterwards is newer than the answer: it proves nothing of it.
    expect(seen).toMatchObject({ kind: "peers", set: { fresh: false } });
  });

  test("asks for everybody's address where that is watched", async () => {
    const { query } = dns();
    const seen = await createLook(query, me, "dns", true)(signal);
    expect(seen).toMatchObject({ set: { others: [{ addresses: ["10.0.0.2", "fd00::1"] }] } });
  });

  test("asks for everybody's address of the family that names them", async () => {
    const { asked, query } = dns();
    await createLook(query, me, "ipv4", false)(signal);
    expect(asked.slice(1).toSorted()).toEqual([`A ${me.fqdn}`, `A ${fqdn("galera-1")}`]);
  });
});
