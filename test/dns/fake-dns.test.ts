import { afterEach, describe, expect, test } from "vitest";
import { createClient } from "../../src/dns/client.js";
import { lookupService } from "../../src/dns/service.js";
import type { Faults } from "../../src/lab/fake-dns/faults.js";
import { type FakeDns, type FakeDnsSettings, startFakeDns } from "../../src/lab/fake-dns/server.js";
import { testClock } from "../system/test-clock.js";
import { members, service } from "./replies.js";

const running: FakeDns[] = [];
afterEach(async () => {
  for (const dns of running.splice(0)) await dns.close();
});

/** The client against a server that answers as CoreDNS does; time stands still for both. */
async function start(settings: Partial<FakeDnsSettings> = {}) {
  const clock = testClock();
  const dns = await startFakeDns({ members: members(3), clock, log: () => {}, ...settings });
  running.push(dns);
  const query = createClient({
    ...{ servers: [dns], tryMs: 1000, overallMs: 10_000, attempts: 2, rotate: false, tcp: false },
    ...{ clock, randomId: () => Math.floor(Math.random() * 0x1_0000) },
  });
  const { signal } = new AbortController();
  const lookUp = (name = service) => lookupService(query, name, () => "any", signal);
  return { dns, clock, lookUp };
}

const three = {
  kind: "answer",
  ttlS: 5,
  value: members(3).map(({ name, addresses }) => ({ name: `${name}.${service}`, addresses })),
};

describe.each(["127.0.0.1", "::1"])("the members of a service, from %s", (host) => {
  test("in one answer over UDP", async () => {
    const { dns, lookUp } = await start({ host });
    expect(await lookUp()).toEqual(three);
    expect(dns.queries()).toBe(1);
  });

  test("with addresses of both families", async () => {
    const { lookUp } = await start({
      host,
      members: [{ name: "galera-0", addresses: ["fd00:0:0:1::5", "127.0.7.1"] }],
    });
    expect(await lookUp()).toMatchObject({
      value: [{ addresses: ["127.0.7.1", "fd00:0:0:1::5"] }],
    });
  });

  test("over TCP where they do not fit a datagram", async () => {
    const { dns, lookUp } = await start({ host, members: members(100) });
    const found = await lookUp();
    expect(found.kind === "answer" && found.value.length).toBe(100);
    expect(dns.queries()).toBe(2);
  });
});

describe("nobody there, or nobody can say", () => {
  test.each<[string, Partial<Faults>, object]>([
    ["truncated", { truncate: true }, three],
    ["NXDOMAIN", { nxdomain: true }, { kind: "empty", why: "nxdomain", ttlS: 5 }],
    ["SERVFAIL", { servfail: true }, { kind: "failed", why: "servfail" }],
  ])("%s", async (_, faults, expected) => {
    const { lookUp } = await start({ faults });
    expect(await lookUp()).toMatchObject(expected);
  });

  test.each<[string, Partial<FakeDnsSettings>, object]>([
    ["no members", { members: [] }, { kind: "empty", why: "nxdomain" }],
    ["no ports", { service: { ports: [] } }, { kind: "empty", why: "nodata" }],
    ["another service", { service: { service: "db" } }, { kind: "empty", why: "nxdomain" }],
    ["another zone", { service: { domain: "k8s.example" } }, { kind: "failed", why: "refused" }],
  ])("%s", async (_, settings, expected) => {
    const { lookUp } = await start(settings);
    expect(await lookUp()).toMatchObject(expected);
  });

  test("an answer that was lost is asked for again", async () => {
    const { dns, clock, lookUp } = await start({ faults: { drop: 0.5 } });
    const first = lookUp();
    await first; // the second query of two is the one that is dropped
    const second = lookUp();
    await expect.poll(() => dns.queries()).toBe(2);
    await clock.advance(1000);
    expect(await second).toEqual(three);
    expect(dns.queries()).toBe(3);
  });

  test("silence is a time-out", async () => {
    const { dns, clock, lookUp } = await start({ faults: { drop: 1 } });
    const found = lookUp();
    for (const tries of [1, 2]) {
      await expect.poll(() => dns.queries()).toBe(tries);
      await clock.advance(1000);
    }
    expect(await found).toMatchObject({ kind: "failed", why: "timeout" });
  });
});
