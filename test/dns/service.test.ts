import { describe, expect, test } from "vitest";
import type { Query } from "../../src/dns/client.js";
import type { Lookup } from "../../src/dns/lookup.js";
import type { QueryType, Reply } from "../../src/dns/message.js";
import { lookupService, type NeedsAddress } from "../../src/dns/service.js";

const service = "galera.db.svc.cluster.local";
const { signal } = new AbortController();

type Addresses = Readonly<Record<string, readonly string[]>>;

function found(targets: readonly string[], addresses: Addresses = {}, ttlS = 5): Lookup<Reply> {
  const srv = targets.map((target) => ({ target, port: 4567, priority: 0, weight: 33 }));
  const reply = { rcode: "NOERROR", truncated: false, invalid: 0, srv, ttlS };
  return {
    kind: "answer",
    value: { ...reply, addresses: new Map(Object.entries(addresses)) },
    ttlS,
  };
}

const failed: Lookup<Reply> = { kind: "failed", why: "timeout", detail: "10.0.0.10:53: no answer" };
const empty: Lookup<Reply> = { kind: "empty", why: "nodata", ttlS: 5 };

/** DNS that has `first` for the service, and for everybody else what `rest` says: nothing. */
function dns(
  first: Lookup<Reply>,
  rest: (name: string, type: QueryType) => Lookup<Reply> = () => empty,
) {
  const asked: string[] = [];
  const query: Query = async (name, type) => {
    if (type === "SRV") return first;
    asked.push(`${type} ${name}`);
    return rest(name, type);
  };
  return { asked, lookUp: (needs: NeedsAddress) => lookupService(query, service, needs, signal) };
}

const any: NeedsAddress = () => "any";
const none: NeedsAddress = () => undefined;

describe("targets", () => {
  test("are one each, sorted by name, with their glue", async () => {
    const glue = { "b.x": ["10.0.0.2"], "a.x": ["fd00::1", "10.0.0.1"], "other.x": ["10.0.0.9"] };
    const { lookUp } = dns(found(["b.x", "a.x", "b.x", "a-10.x", "b.x"], glue, 30));
    expect(await lookUp(none)).toEqual({
      kind: "answer",
      ttlS: 30,
      value: [
        { name: "a-10.x", addresses: [] },
        { name: "a.x", addresses: ["10.0.0.1", "fd00::1"] },
        { name: "b.x", addresses: ["10.0.0.2"] },
      ],
    });
  });

  test("of a service without records, or that nobody could tell of, are no targets", async () => {
    for (const outcome of [empty, failed]) expect(await dns(outcome).lookUp(any)).toBe(outcome);
  });
});

describe("an address is asked for where it is needed and missing", () => {
  test.each<[string, readonly string[], ReturnType<NeedsAddress>, readonly string[]]>([
    ["no need", [], undefined, []],
    ["any: none there", [], "any", ["A a.x", "AAAA a.x"]],
    ["any: one there", ["fd00::1"], "any", []],
    ["IPv4: there", ["10.0.0.1"], "ipv4", []],
    ["IPv4: only IPv6 there", ["fd00::1"], "ipv4", ["A a.x"]],
    ["IPv6: there", ["10.0.0.1", "fd00::1"], "ipv6", []],
    ["IPv6: only IPv4 there", ["10.0.0.1"], "ipv6", ["AAAA a.x"]],
  ])("%s", async (_, glue, need, asked) => {
    const names = dns(found(["a.x"], { "a.x": glue }));
    await names.lookUp(() => need);
    expect(names.asked.toSorted()).toEqual(asked);
  });

  test("of those that need one alone", async () => {
    const names = dns(found(["a.x", "b.x"]));
    await names.lookUp((name) => (name === "b.x" ? "ipv4" : undefined));
    expect(names.asked).toEqual(["A b.x"]);
  });

  test("and joins what is known", async () => {
    const { lookUp } = dns(found(["a.x"], { "a.x": ["10.0.0.1"] }), (name) =>
      found([], { [name]: ["fd00::1", "fd00::1"] }),
    );
    expect(await lookUp(() => "ipv6")).toMatchObject({
      value: [{ name: "a.x", addresses: ["10.0.0.1", "fd00::1"] }],
    });
  });
});

test("an address that nobody gives is left out: the name is known", async () => {
  for (const outcome of [empty, failed]) {
    const { lookUp } = dns(found(["a.x"]), () => outcome);
    expect(await lookUp(any)).toMatchObject({ value: [{ name: "a.x", addresses: [] }] });
  }
});

test("at most 16 addresses are asked for at once", async () => {
  const names = Array.from({ length: 100 }, (_, n) => `a-${n}.x`);
  let now = 0;
  let most = 0;
  let answered = 0;
  const query: Query = async (name, type) => {
    if (type === "SRV") return found(names);
    now += 1;
    most = Math.max(most, now);
    await new Promise(setImmediate);
    now -= 1;
    answered += 1;
    return found([], { [name]: ["10.0.0.1"] });
  };
  await lookupService(query, service, () => "ipv4", signal);
  expect({ most, answered }).toEqual({ most: 16, answered: 100 });
});

test("once DNS fails, no further addresses are asked for: each would take a time-out", async () => {
  const names = Array.from({ length: 5000 }, (_, n) => `a-${n}.x`);
  const { asked, lookUp } = dns(found(names), () => failed);
  expect(await lookUp(() => "ipv4")).toMatchObject({ kind: "answer" });
  expect(asked.length).toBeLessThanOrEqual(16);
});

test("a signal ends it with its reason", async () => {
  const stop = new AbortController();
  const query: Query = (_name, type, until) =>
    type === "SRV"
      ? Promise.resolve(found(["a.x", "b.x"]))
      : new Promise((_, reject) => until.addEventListener("abort", () => reject(until.reason)));
  const looking = lookupService(query, service, any, stop.signal);
  await new Promise(setImmediate);
  const reason = new Error("ended by SIGTERM");
  stop.abort(reason);
  await expect(looking).rejects.toBe(reason);
});
