/** `status` with agents that answer over HTTP, and a DNS server. */
import { createServer, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Report } from "../../src/agent/report.js";
import { createClient } from "../../src/dns/client.js";
import type { FakeDns } from "../../src/lab/fake-dns/server.js";
import { startFakeDns } from "../../src/lab/fake-dns/server.js";
import type { Settings } from "../../src/settings.js";
import type { Overview, Sighting } from "../../src/status/overview.js";
import { type StatusHow, showStatus } from "../../src/status/status.js";
import { systemClock as clock } from "../../src/system/clock.js";
import type { Host } from "../../src/system/host.js";
import { newId, serving } from "../agent/members.js";
import { pods } from "../bootstrap/cluster.js";
import { serves, waits } from "./sightings.js";

const key = "the key of these members";
const address = (ordinal: number) => `127.0.72.${ordinal + 101}`;

/** A pod that is no member. */
const debugPod: Host = {
  ...{ hostname: "debug-7d4b9", hosts: "", resolvConf: "", namespace: undefined },
  addresses: [],
  limits: { memoryBytes: undefined, cpus: undefined },
};

interface Setting {
  readonly dns: FakeDns;
  readonly port: number;
}

/** Agents that tell this, on the addresses of their ordinals; DNS names these. */
async function setting(
  sightings: readonly Sighting[],
  named = sightings.map((_, ordinal) => ordinal),
  agentKey?: string,
): Promise<Setting> {
  const dns = await startFakeDns({
    ...{ clock, log: () => {}, service: { namespace: "default" } },
    members: named.map((i) => ({ name: `galera-${i}`, addresses: [address(i)] })),
  });
  onTestFinished(() => dns.close());
  let port = 0;
  for (const [ordinal, { answer }] of sightings.entries()) {
    if (answer.kind !== "told") continue;
    const listening = { host: address(ordinal), port, key: agentKey };
    ({ port } = await serving({ report: async (): Promise<Report> => answer.told }, listening));
  }
  return { dns, port };
}

/** Who accepts, and says nothing. */
async function mute(host: string, port: number): Promise<void> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket));
  await new Promise<void>((listening) => server.listen(port, host, listening));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
}

interface Given {
  readonly settings?: Settings;
  readonly env?: Readonly<Record<string, string>>;
  readonly how?: StatusHow;
  readonly signal?: AbortSignal;
  readonly print?: (line: string) => void;
}

async function status({ dns, port }: Setting, given: Given = {}): Promise<string> {
  const printed: string[] = [];
  const servers = [{ host: dns.host, port: dns.port }];
  const client = createClient({
    ...{ servers, clock, tryMs: 5000, overallMs: 10_000, attempts: 1 },
    ...{ rotate: false, tcp: false, randomId: () => Math.floor(Math.random() * 65_536) },
  });
  await showStatus(
    { service: "galera", namespace: "default", agentPort: port, ...given.settings },
    debugPod,
    given.how ?? {},
    {
      ...{ clock, newId, env: given.env ?? {}, createQuery: () => client },
      signal: given.signal ?? new AbortController().signal,
      print: given.print ?? ((line) => printed.push(line)),
    },
  );
  return printed.join("\n");
}

async function overview(place: Setting, given: Given = {}): Promise<Overview> {
  return JSON.parse(await status(place, { ...given, how: { json: true } }));
}

const three = () => setting([serves(0), serves(1), serves(2)]);

test("from a pod that is no member, which is not in the table", async () => {
  const text = await status(await three());
  expect(text).toMatch(/^galera.default.svc.cluster.local: 3 of 3 agents answer\n/);
  expect(text).toMatch(/\ngalera-2 {2}yes {4}synced .* 127.0.72.103$/);
  expect(text).not.toContain("debug");
});

test("from a member", async () => {
  const me = { hostname: "galera-1", podIp: [address(1)] };
  const { members } = await overview(await three(), { settings: me });
  expect(members.map(({ name, named }) => [name, named])).toEqual(
    pods(3).map((one) => [one, true]),
  );
});

describe("keys", () => {
  test("without one, signed answers are shown", async () => {
    const place = await setting([serves(0, 1)], [0], key);
    expect((await overview(place)).answering).toBe(1);
  });

  test("with one, unsigned answers are not believed", async () => {
    const place = await setting([serves(0, 1)]);
    const { answering, members } = await overview(place, { env: { GALERA_AGENT_KEY: key } });
    expect(answering).toBe(0);
    expect(members[0]).toMatchObject({
      agent: "unproved",
      problem: "its agent has no GALERA_AGENT_KEY, and I have one",
    });
  });

  test("with one, signed answers are", async () => {
    const place = await setting([serves(0, 1)], [0], key);
    expect((await overview(place, { env: { GALERA_AGENT_KEY: key } })).answering).toBe(1);
  });
});

describe("members that DNS does not name", () => {
  test("are those of the others' view", async () => {
    const place = await setting([serves(0), serves(1)], [0]);
    const { members } = await overview(place);
    expect(members).toMatchObject([
      { name: "galera-0", named: true, agent: "answers" },
      { name: "galera-1", named: false, agent: "silent", problem: "no DNS record" },
      { name: "galera-2", named: false, agent: "silent", problem: "no DNS record" },
    ]);
  });

  test("the one that this is run in answers all the same", async () => {
    const place = await setting([serves(0), serves(1)], [0]);
    const me = { hostname: "galera-1", podIp: [address(1)] };
    const { members } = await overview(place, { settings: me });
    expect(members[1]).toMatchObject({ name: "galera-1", named: false, agent: "answers" });
    expect(members[1]?.addresses).toEqual([address(1)]);
  });

  test("another's agent in this pod is not taken for its own", async () => {
    const place = await setting([serves(0, 1), serves(1, 1)], [0]);
    const me = { hostname: "galera-7", podIp: [address(1)] };
    expect((await overview(place, { settings: me })).members).toHaveLength(1);
  });
});

test("all are asked at once: silent ones take their second together", async () => {
  const place = await setting([serves(0)], [0]);
  for (const i of [1, 2, 3, 4]) await mute(address(i), place.port);
  const named = [0, 1, 2, 3, 4].map((i) => ({ name: `galera-${i}`, addresses: [address(i)] }));
  place.dns.setMembers(named);
  const startedMs = clock.now();
  const { answering, members } = await overview(place);
  expect(clock.now() - startedMs).toBeLessThan(1800);
  expect([answering, members.length]).toEqual([1, 5]);
});

describe("DNS that says nothing", () => {
  const unavailable = (message: string) => expect.objectContaining({ exitCode: 69, message });
  const fails = "DNS fails: galera.default.svc.cluster.local";

  test.each([
    [{ nxdomain: true }, `${fails} does not exist (NXDOMAIN); no member is known`],
    [{ servfail: true }, expect.stringMatching(`^${fails}: .*SERVFAIL.*; no member is known$`)],
    [{ drop: 1 }, `${fails}: no answer within 3 s; no member is known`],
  ])("%o, and nobody is known: exit 69", async (faults, message) => {
    const place = await setting([]);
    place.dns.setFaults(faults);
    const started = clock.now();
    await expect(status(place)).rejects.toEqual(unavailable(message));
    expect(clock.now() - started).toBeLessThan(3500);
  });

  test("no record: exit 69", async () => {
    const place = await setting([]);
    await expect(status(place)).rejects.toMatchObject({ exitCode: 69 });
  });

  test("in a member: what its own agent knows", async () => {
    const peers = [0, 1, 4].map((i) => `galera-${i}.galera.default.svc.cluster.local`);
    const mine = waits(1, 41, "DNS");
    if (mine.answer.kind !== "told") throw new Error("silent");
    const told = { ...mine.answer.told, peers };
    const silent = { ...mine, answer: { kind: "silent", what: "", absent: true } } as const;
    const place = await setting([silent, { ...mine, answer: { kind: "told", told } }], [0]);
    place.dns.setFaults({ servfail: true });
    const me = { hostname: "galera-1", podIp: [address(1)] };
    const { verdict, members } = await overview(place, { settings: me });
    expect(verdict.text).toMatch(/; last known members: galera-0, galera-1, galera-2, galera-4$/);
    expect(members).toMatchObject([
      { name: "galera-0", named: null, problem: "no address without DNS" },
      { name: "galera-1", named: null, agent: "answers", addresses: [address(1)] },
      { name: "galera-2", named: null },
      { name: "galera-4", named: null },
    ]);
  });
});

test("watching: those whom DNS named are asked also while it fails, until a signal", async () => {
  const place = await three();
  const stop = new AbortController();
  const reason = new Error("ended by SIGINT");
  const seen: Overview[] = [];
  const print = (line: string) => {
    seen.push(JSON.parse(line));
    place.dns.setFaults(seen.length === 1 ? { servfail: true } : {});
    if (seen.length === 3) setTimeout(() => stop.abort(reason), 10);
  };
  const startedMs = clock.now();
  const how = { json: true, watch: true } as const;
  await expect(status(place, { how, print, signal: stop.signal })).rejects.toBe(reason);
  expect(clock.now() - startedMs).toBeGreaterThan(1900);
  expect(clock.now() - startedMs).toBeLessThan(2900);
  expect(seen.map(({ answering, members }) => [answering, members[0]?.named])).toEqual([
    [3, true],
    [3, null],
    [3, true],
  ]);
  expect(seen[1]?.verdict.text).toMatch(/^DNS fails: .*; last known members: galera-0, galera-1, /);
});

test("watching goes on where nobody is known yet", async () => {
  const place = await setting([]);
  place.dns.setFaults({ nxdomain: true });
  const stop = new AbortController();
  const seen: string[] = [];
  const print = (line: string) => {
    seen.push(line);
    stop.abort(new Error("enough"));
  };
  const watching = status(place, { how: { watch: true }, print, signal: stop.signal });
  await expect(watching).rejects.toThrow("enough");
  expect(seen.join("\n")).toContain("; no member is known");
});

describe("settings", () => {
  test.each<[string, Given, string]>([
    [
      "no service and no namespace",
      { settings: { service: undefined, namespace: undefined } as never },
      "no headless service and no namespace are known: set --service and --namespace",
    ],
    [
      "no namespace",
      { settings: { namespace: undefined } as never },
      "the namespace is not known: set --namespace or POD_NAMESPACE",
    ],
    [
      "no namespace, and a key that is too short: both at once",
      { settings: { namespace: undefined } as never, env: { GALERA_AGENT_KEY: "short" } },
      "the namespace is not known: set --namespace or POD_NAMESPACE\nGALERA_AGENT_KEY: a key has at least 16 characters",
    ],
  ])("%s: exit 78", async (_, given, message) => {
    const place = await setting([]);
    await expect(status(place, given)).rejects.toEqual(
      expect.objectContaining({ exitCode: 78, message }),
    );
  });
});
