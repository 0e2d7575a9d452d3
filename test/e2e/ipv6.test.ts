/*
 * Members on IPv6, alone and beside IPv4: real servers in network namespaces. As in pods, nothing but
 * addresses and DNS tells them of it.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { podName } from "../../src/lab/pod.js";
import type { Overview } from "../../src/status/overview.js";
import { runCli, startCli } from "./cli.js";
import { type Cluster, createCluster, type Network, never, quick, until } from "./cluster.js";

const program = fileURLToPath(new URL("../../bin/galera-peers.js", import.meta.url));
const all = [0, 1, 2];
const bridge = "gpsix";
const namespace = (i: number) => `galera-peers-six-${i}`;
const v6 = (i: number) => `fd00:89::${i + 1}`;
const v4 = (i: number) => `10.199.62.${i + 1}`;
const dnsHost = "fd00:89::fe";
const service = "galera.proof.svc.cluster.local";

function ip(...words: readonly string[]): void {
  execFileSync("ip", words, { stdio: ["ignore", "ignore", "pipe"] });
}

function removeNetwork(): void {
  for (const i of all) rmSync(join("/etc/netns", namespace(i)), { recursive: true, force: true });
  for (const words of [
    ...all.map((i) => ["netns", "delete", namespace(i)]),
    ["link", "delete", bridge],
  ]) {
    try {
      ip(...words);
    } catch {} // it was not there
  }
}

/** A namespace a member with these addresses; lo is as it comes. */
function createNetwork(addresses: (i: number) => readonly string[]): void {
  removeNetwork();
  ip("link", "add", bridge, "type", "bridge");
  ip("link", "set", bridge, "up");
  ip("address", "add", `${dnsHost}/64`, "dev", bridge, "nodad");
  ip("address", "add", "10.199.62.254/24", "dev", bridge);
  for (const i of all) {
    const there = namespace(i);
    ip("netns", "add", there);
    ip("-n", there, "link", "set", "lo", "up");
    ip("link", "add", `gps${i}`, "type", "veth", "peer", "name", "eth0", "netns", there);
    for (const address of addresses(i)) {
      const isV6 = address.includes(":");
      const words = [`${address}/${isV6 ? 64 : 24}`, "dev", "eth0", ...(isV6 ? ["nodad"] : [])];
      ip("-n", there, "address", "add", ...words);
    }
    ip("-n", there, "link", "set", "eth0", "up");
    ip("link", "set", `gps${i}`, "master", bridge, "up");
    writeEtc(i, addresses(i));
  }
}

/** What kubelet writes: a line for each address of the pod, and where DNS is (see ip-netns(8)). */
function writeEtc(i: number, addresses: readonly string[]): void {
  const etc = join("/etc/netns", namespace(i));
  mkdirSync(etc, { recursive: true });
  const own = addresses.map((address) => `${address} ${podName(i)}.${service} ${podName(i)}\n`);
  writeFileSync(join(etc, "hosts"), `127.0.0.1 localhost\n::1 localhost\n${own.join("")}`);
  writeFileSync(join(etc, "resolv.conf"), `nameserver ${dnsHost}\noptions ndots:5\n`);
}

const inside = (i: number) => ["ip", "netns", "exec", namespace(i)];
const network = { inside, dnsHost, dnsPort: 53, ownPorts: true } satisfies Partial<Network>;
const type = (name: string) => ({ GALERA_ADDRESS_TYPE: name });
const backup = { GALERA_SST_METHOD: "mariabackup" };
/** What a joiner has received, in the words of its SST script, which is started for both. */
const received = (i: number) => / (\w+ (?:SST|IST)) completed on joiner/.exec(cluster.log(i))?.[1];

let cluster: Cluster;

/** As `kubectl exec` runs it in a member. */
async function exec(i: number, words: readonly string[], address = cluster.address(i)) {
  const env = {
    ...{ GALERA_HOSTNAME: podName(i), GALERA_SERVICE: "galera", POD_NAMESPACE: "proof" },
    POD_IP: address,
  };
  const [file = "", ...args] = [...inside(i), process.execPath, program, ...words];
  return execa(file, args, { env, reject: false });
}

/** Stops a member, lets it miss rows, and starts it again: it gets them, and no more. */
async function missAndReturn(i: number, env: Readonly<Record<string, string>>): Promise<void> {
  await cluster.stop(i);
  await cluster.write(20);
  cluster.start(i, { env });
  await cluster.allSynced(all);
  expect(received(i)).toBe("rsync IST");
}

/** A member whose disk is lost. */
async function loseAndReturn(i: number, env: Readonly<Record<string, string>>): Promise<void> {
  await cluster.stop(i);
  cluster.wipe(i);
  cluster.start(i, { env });
  await cluster.allSynced(all);
  expect(received(i)).toBe(`${env.GALERA_SST_METHOD ?? "rsync"} SST`);
}

describe("members that have IPv6 alone", () => {
  beforeAll(async () => {
    createNetwork((i) => [v6(i)]);
    cluster = await createCluster({
      ...{ block: 89, provider: quick, env: type("dns"), network: { ...network, address: v6 } },
    });
  });
  afterAll(async () => {
    await cluster?.close();
    removeNetwork();
  });

  test("a first start, joiners by rsync", async () => {
    await cluster.found([0], type("ip"));
    cluster.start(1);
    await cluster.allSynced([0, 1]);
    expect(received(1)).toBe("rsync SST");
    const listening = execFileSync("ip", ["netns", "exec", namespace(1), "ss", "-ltnH"], {
      encoding: "utf8",
    });
    for (const port of [3306, 4567, 4569])
      expect(listening).toMatch(new RegExp(`(\\]|\\*):${port} `));
  });

  test("a joiner by mariabackup", async () => {
    cluster.start(2, { env: backup });
    await cluster.allSynced(all);
    expect(received(2)).toBe("mariabackup SST");
    await cluster.write(20);
  });

  test("IST after a short stop, named by DNS and by address", async () => {
    await missAndReturn(1, {});
    await missAndReturn(2, type("ipv6"));
  });

  test("galera.cnf says what was chosen, and why", () => {
    const text = readFileSync(cluster.paths(1).galeraCnf, "utf8");
    for (const line of [
      /^# gmcast\.listen_addr: DNS gives this member an address of IPv6/m,
      /^wsrep_provider_options=.*\bgmcast\.listen_addr=tcp:\/\/\[::\]:4567/m,
      /^wsrep_provider_options=.*\bist\.recv_addr=\[fd00:89::2\]/m,
      /^wsrep_sst_receive_address="?\[fd00:89::2\]/m,
    ]) {
      expect(text).toMatch(line);
    }
  });

  test("status, and probes by exec and over HTTP", async () => {
    // An agent asks its server once a second.
    const members = await until(
      async () => {
        const { stdout } = await exec(0, ["status", "--json"]);
        const { members } = JSON.parse(stdout) as Overview;
        return members.every(({ wsrepState }) => wsrepState === "Synced") && members;
      },
      () => "everybody to be Synced in the status",
      10_000,
    );
    expect(members.map(({ addresses }) => addresses)).toEqual(all.map((i) => [v6(i)]));
    const table = await exec(0, ["status"]);
    expect(table.stdout).toMatch(/^MEMBER +READY .* ADDRESS\ngalera-0 +yes .* fd00:89::1$/m);
    for (const probe of ["startup", "liveness", "readiness"]) {
      expect(await exec(1, ["probe", probe])).toMatchObject({ exitCode: 0, stderr: "" });
    }
    expect((await fetch(`http://[${v6(2)}]:4569/readyz`)).status).toBe(200);
    const nobody = await exec(1, ["probe", "readiness", "--agent-port", "4570"]);
    expect(nobody.exitCode).toBe(1);
  });

  test("a full outage: they come back by themselves", async () => {
    await Promise.all(all.map(cluster.kill));
    for (const i of all) cluster.start(i);
    expect(await cluster.verify()).toMatchObject({ epoch: 2, rows: cluster.acknowledged.size });
  });
});

describe("members that have both", () => {
  beforeAll(async () => {
    createNetwork((i) => [v4(i), v6(i)]);
    const both = { ...network, address: v4, secondAddress: v6 };
    cluster = await createCluster({ block: 89, env: type("dns"), network: both });
  });
  afterAll(async () => {
    await cluster?.close();
    removeNetwork();
  });

  test("each names the others in another way, and they are one cluster", async () => {
    cluster.start(0, { env: type("dns") });
    cluster.start(1, { env: type("ipv4") });
    cluster.start(2, { env: type("ipv6") });
    await cluster.allSynced(all);
    await cluster.createTable(0);
    await cluster.write(20);
    expect(await cluster.verify()).toMatchObject({ epoch: 1 });
  });

  test("named by DNS: all data by mariabackup, the rest by IST", async () => {
    await loseAndReturn(1, backup);
    await missAndReturn(0, {});
  });

  test("named by DNS, behind a service of IPv4 alone", async () => {
    cluster.dns.setMembers(all.map((i) => ({ name: podName(i), addresses: [v4(i)] })));
    await missAndReturn(2, { POD_IP: v4(2) });
    expect(await cluster.verify()).toMatchObject({ rows: cluster.acknowledged.size });
  });
});

describe("members of which each has another family", () => {
  const own = (i: number) => (i === 0 ? v4(i) : v6(i));

  beforeAll(async () => {
    createNetwork((i) => [own(i)]);
    const mixed = { ...network, address: own };
    const env = { ...type("dns"), GALERA_REPLICAS: "2", GALERA_DNS: `[${dnsHost}]:53` };
    cluster = await createCluster({ block: 89, provider: quick, env, network: mixed });
  });
  afterAll(async () => {
    await cluster?.close();
    removeNetwork();
  });

  test("wait for each other and found no two clusters", async () => {
    ip("-n", namespace(0), "address", "add", "fd00:89:0:1::1/64", "dev", "eth0", "nodad");
    ip("-n", namespace(0), "route", "add", `${dnsHost}/128`, "dev", "eth0");
    ip("route", "add", "fd00:89:0:1::/64", "dev", bridge);
    for (const i of [0, 1]) cluster.start(i);
    await cluster.says(0, /waiting for galera-1: its agent: /);
    await cluster.says(1, /waiting for galera-0: its agent: /);
    await never(() => {
      for (const i of [0, 1]) expect(cluster.founded(i)).toBe(false);
    });
  });
});

describe("addresses of one host's loopback", () => {
  const address = (i: number) => `fd00:89:1::${i + 1}`;
  const host = (i: number) => `${address(i)}/128`;

  beforeAll(async () => {
    for (const i of [0, 1]) ip("address", "replace", host(i), "dev", "lo");
    const loopback = { address, inside: () => [], dnsHost: "::1" };
    cluster = await createCluster({ block: 89, network: loopback });
  });
  afterAll(async () => {
    await cluster?.close();
    for (const i of [0, 1]) ip("address", "delete", host(i), "dev", "lo");
  });

  test("a user's own listen addresses win, and the members are one cluster", async () => {
    await cluster.found([0, 1]);
    await cluster.write(20);
    expect(await cluster.verify()).toMatchObject({ epoch: 1 });
    expect(readFileSync(cluster.paths(0).galeraCnf, "utf8")).not.toContain("tcp://[::]");
  });
});

describe("DNS on ::1", () => {
  test("fake-dns, find, plan and status", async () => {
    const dir = mkdtempSync(join(tmpdir(), "galera-peers-six-"));
    const members = ["galera-0=::1", "galera-1=fd00:89::2"];
    const dns = startCli("galera-peers", ["fake-dns", "--listen", "[::1]:0", ...members], {});
    const port = await until(
      () => /\[::1\]:(\d+)/.exec(dns.output())?.[1],
      () => `fake-dns to listen: ${dns.output()}`,
      10_000,
    );
    const env = {
      ...{ GALERA_DNS: `[::1]:${port}`, GALERA_SERVICE: "galera", POD_NAMESPACE: "galera" },
      ...{ GALERA_HOSTNAME: "galera-0", POD_IP: "0:0:0:0:0:0:0:1", GALERA_ADDRESS_TYPE: "ipv6" },
      ...{ GALERA_CNF: join(dir, "galera.cnf"), MARIADB_ALLOW_EMPTY_ROOT_PASSWORD: "1" },
    };
    try {
      const found = await runCli("galera-peers", ["find", "--on-start", "cat"], { env });
      expect(found).toMatchObject({ exitCode: 0, stdout: "::1\nfd00:89::2" });
      const words = ["plan", "--json", "mariadbd", "--no-defaults", `--datadir=${dir}/data`];
      const { stdout } = await runCli("galera-peers", words, { env });
      expect(JSON.parse(stdout)).toMatchObject({
        fresh: true,
        peers: [{ addresses: ["::1"] }, { addresses: ["fd00:89::2"] }],
      });
      const status = await runCli("galera-peers", ["status"], { env });
      expect(status.stdout).toMatch(/galera-1 .* fd00:89::2$/m);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
