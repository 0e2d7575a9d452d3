import { randomFillSync } from "node:crypto";
import { createSocket } from "node:dgram";
import { type AddressInfo, createServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import {
  type FakeDns,
  type FakeDnsSettings,
  startFakeDns,
} from "../../../src/lab/fake-dns/server.js";
import { systemClock } from "../../../src/system/clock.js";
import { testClock } from "../../system/test-clock.js";
import { askTcp, askUdp, framed, isSilent, query, read } from "./ask.js";

const service = "galera.galera.svc.cluster.local";
const zero = { name: "galera-0", addresses: ["127.0.7.1"] };
const one = { name: "galera-1", addresses: ["127.0.7.2"] };

const running: FakeDns[] = [];
const logged: string[] = [];
afterEach(async () => {
  logged.length = 0;
  for (const dns of running.splice(0)) await dns.close();
});

async function start(settings: Partial<FakeDnsSettings> = {}): Promise<FakeDns> {
  const log = (_: string, message: string) => logged.push(message);
  const dns = await startFakeDns({ members: [zero], clock: systemClock, log, ...settings });
  running.push(dns);
  return dns;
}

async function addresses(dns: FakeDns): Promise<unknown[]> {
  const { answers = [], rcode } = read(await askUdp(dns, query("A", service)));
  return rcode === "NOERROR" ? answers.map((record) => "data" in record && record.data) : [rcode];
}

test("UDP and TCP on one port", async () => {
  const dns = await start();
  const udp = read(await askUdp(dns, query("A", service)));
  const [tcp] = await askTcp(dns, [framed(query("A", service))], 1);
  expect(udp).toEqual(tcp && read(tcp));
  expect(dns.queries()).toBe(2);
});

test("IPv6", async () => {
  const dns = await start({ host: "::1" });
  expect(await addresses(dns)).toEqual(["127.0.7.1"]);
});

test("an answer too large for UDP is whole over TCP", async () => {
  const dns = await start({ members: [zero, one, { name: "galera-2", addresses: ["127.0.7.3"] }] });
  const asked = query("SRV", service);
  const truncated = await askUdp(dns, asked);
  expect(truncated.length).toBeLessThanOrEqual(512);
  expect(read(truncated).flag_tc).toBe(true);

  const [whole] = (await askTcp(dns, [framed(asked)], 1)).map(read);
  expect(whole?.flag_tc).toBe(false);
  expect(whole?.answers).toHaveLength(12);
});

describe("TCP", () => {
  test("several queries on one connection, in any pieces", async () => {
    const dns = await start();
    const bytes = Buffer.concat([1, 2, 3].map((id) => framed(query("A", service, { id }))));
    const pieces = [bytes.subarray(0, 1), bytes.subarray(1, 50), bytes.subarray(50)];
    const answers = await askTcp(dns, pieces, 3);
    expect(answers.map((answer) => read(answer).id)).toEqual([1, 2, 3]);
  });

  test("a silent connection is closed", async () => {
    const dns = await start({ tcpIdleMs: 50 });
    expect(await askTcp(dns, [], 1)).toEqual([]);
  });

  test("a message longer than any query closes the connection, after the answers before it", async () => {
    const dns = await start();
    const sent = [framed(query("A", service)), Buffer.from([0xff, 0xff, 0])];
    expect((await askTcp(dns, sent, 2)).length).toBeLessThanOrEqual(1);
    expect(await addresses(dns)).toEqual(["127.0.7.1"]);
  });

  test("connections that are open do not keep the server from closing", async () => {
    const dns = await start();
    const waiting = askTcp(dns, [framed(query("A", service))], 2);
    await expect.poll(() => dns.queries()).toBe(1);
    await dns.close();
    expect((await waiting.catch(() => [])).length).toBeLessThanOrEqual(1);
  });
});

test("two thousand datagrams of garbage, and it still answers", async () => {
  const dns = await start();
  const socket = createSocket("udp4");
  for (let n = 0; n < 2000; n += 1) {
    const bytes = randomFillSync(Buffer.alloc(n % 300));
    if (n % 2 === 0 && bytes.length > 12) query("A", service).copy(bytes, 0, 0, 12 + (n % 20));
    socket.send(bytes, dns.port, dns.host);
    // A full receive buffer would lose datagrams before the server sees them.
    if (n % 50 === 0) await new Promise((turn) => setTimeout(turn, 1));
  }
  await expect.poll(() => dns.queries()).toBeGreaterThan(1000);
  socket.close();
  expect(await addresses(dns)).toEqual(["127.0.7.1"]);
});

test("members change, and the log says how", async () => {
  const dns = await start();
  dns.setMembers([zero, one]);
  expect(await addresses(dns)).toEqual(["127.0.7.1", "127.0.7.2"]);
  dns.setMembers([zero, one]);
  dns.setMembers([]);
  expect(await addresses(dns)).toEqual(["NXDOMAIN"]);
  expect(dns.members()).toEqual([]);
  expect(logged).toEqual([
    "DNS members: +galera-1=127.0.7.2; now galera-0 galera-1",
    "DNS members: -galera-0=127.0.7.1 -galera-1=127.0.7.2; now nobody",
  ]);
});

test("the service changes its name and TTL", async () => {
  const dns = await start();
  dns.setService({ service: "db", ttl: 1 });
  expect(await addresses(dns)).toEqual(["NXDOMAIN"]);
  const { answers } = read(await askUdp(dns, query("A", "db.galera.svc.cluster.local")));
  expect(answers).toMatchObject([{ ttl: 1, data: "127.0.7.1" }]);
  expect(logged).toEqual([
    "DNS service: db.galera.svc.cluster.local mysql=3306 sst=4444 replication=4567 ist=4568 ttl=1",
  ]);
});

describe("faults", () => {
  test("lag: a change shows when the clock says so", async () => {
    const clock = testClock();
    const dns = await start({ clock, faults: { lagMs: 200 } });
    dns.setMembers([one]);
    await clock.advance(199);
    expect(await addresses(dns)).toEqual(["127.0.7.1"]);
    await clock.advance(1);
    expect(await addresses(dns)).toEqual(["127.0.7.2"]);
  });

  test("delay: an answer leaves when the clock says so", async () => {
    const clock = testClock();
    const dns = await start({ clock, faults: { delayMs: 200 } });
    const answer = addresses(dns);
    await expect.poll(() => dns.queries()).toBe(1);
    await clock.advance(200);
    expect(await answer).toEqual(["127.0.7.1"]);
  });

  test("drop: all, or every second", async () => {
    const dns = await start({ faults: { drop: 1 } });
    expect(await isSilent(dns, query("A", service))).toBe(true);
    dns.setFaults({ drop: 0.5 });
    const silent: boolean[] = [];
    // Those that are answered are so at once.
    for (const patienceMs of [150, 1000, 150, 1000]) {
      silent.push(await isSilent(dns, query("A", service), patienceMs));
    }
    expect(silent).toEqual([true, false, true, false]);
    expect(dns.queries()).toBe(5);
  });

  test("servfail and nxdomain, for as long as they are set", async () => {
    const dns = await start({ faults: { servfail: true } });
    expect(await addresses(dns)).toEqual(["SERVFAIL"]);
    dns.setFaults({ nxdomain: true });
    expect(await addresses(dns)).toEqual(["NXDOMAIN"]);
    dns.setFaults({});
    expect(await addresses(dns)).toEqual(["127.0.7.1"]);
    expect(logged).toEqual(["DNS faults: nxdomain", "DNS faults: none"]);
  });

  test("truncate: empty over UDP, whole over TCP", async () => {
    const dns = await start({ faults: { truncate: true } });
    const asked = query("A", service, { edns: 1232 });
    const udp = read(await askUdp(dns, asked));
    expect(udp).toMatchObject({ flag_tc: true, answers: [], additionals: [{ type: "OPT" }] });
    const [tcp] = (await askTcp(dns, [framed(asked)], 1)).map(read);
    expect(tcp).toMatchObject({ flag_tc: false, answers: [{ data: "127.0.7.1" }] });
  });

  test("stale: the members of before", async () => {
    const dns = await start();
    dns.setFaults({ stale: true });
    dns.setMembers([one]);
    expect(await addresses(dns)).toEqual(["127.0.7.1"]);
    dns.setFaults({});
    expect(await addresses(dns)).toEqual(["127.0.7.2"]);
  });
});

describe("an address that cannot be used is one clear line", () => {
  test("a port in use", async () => {
    const { port } = await start();
    await expect(start({ port })).rejects.toMatchObject({
      exitCode: 78,
      message: `cannot listen on 127.0.0.1:${port}: the port is in use; choose another one, or 0 for any free one`,
    });
  });

  test("a port in use for UDP alone", async () => {
    // One that nobody has over TCP.
    const free = createServer();
    await new Promise<void>((bound) => free.listen(0, "127.0.0.1", bound));
    const { port } = free.address() as AddressInfo;
    const taken = createSocket("udp4");
    await new Promise<void>((bound) => taken.bind(port, "127.0.0.1", bound));
    await new Promise((closed) => free.close(closed));
    await expect(start({ port })).rejects.toThrow("the port is in use");
    taken.close();
    await new Promise<void>((bound) => free.listen(port, "127.0.0.1", bound));
    free.close();
  });

  test("somebody else's address", async () => {
    await expect(start({ host: "192.0.2.1" })).rejects.toThrow(
      "cannot listen on 192.0.2.1:0: this machine does not have the address",
    );
  });
});
