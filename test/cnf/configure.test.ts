import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ConfigureOptions, configure } from "../../src/cnf/configure.js";

let directory: string;
let cnf: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "cnf-configure-"));
  cnf = join(directory, "galera.cnf");
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const full = (name: string) => `${name}.galera.db.svc.cluster.local`;
const lines = (...peers: readonly string[]) => peers.map((peer) => `${peer}\n`).join("");

function run(input: string, options: Partial<ConfigureOptions> = {}): string {
  const { path, text } = configure(input, {
    ...{ name: "galera-1", fqdn: full("galera-1"), self: undefined, addresses: ["10.0.0.2"] },
    ...{ clusterName: undefined, providerOptions: undefined, sstMethod: undefined },
    ...{ solePeerFounds: false, cnf: { cnf, builtIn: () => "[galera]\n" } },
    ...options,
  });
  expect(path).toBe(cnf);
  return text;
}

/** The options that the text ends up with. */
function options(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, key, value]) => [key, value]),
  );
}

test("the peers, me among them, and the cluster's name from my own", () => {
  expect(options(run(lines(full("galera-0"), full("galera-1"), full("galera-2"))))).toEqual({
    wsrep_cluster_name: "galera",
    wsrep_node_name: "galera-1",
    wsrep_node_address: full("galera-1"),
    wsrep_cluster_address: `gcomm://${["galera-0", "galera-1", "galera-2"].map(full).join(",")}`,
  });
});

describe("standard input", () => {
  test.each<[string, string, string]>([
    ["with CRLF", `${full("galera-0")}\r\n${full("galera-1")}\r\n`, "galera-0"],
    ["without its last newline", `${full("galera-0")}\n${full("galera-1")}`, "galera-0"],
    [
      "with empty lines and spaces",
      `\n  ${full("galera-0")}\t\n\n${full("galera-1")}\n`,
      "galera-0",
    ],
    ["with final dots", `${full("galera-0")}.\n${full("galera-1")}.\n`, "galera-0"],
    ["in upper case", lines(full("GALERA-0"), full("Galera-1")), "galera-0"],
    ["with a peer twice", lines(full("galera-0"), full("galera-0"), full("galera-1")), "galera-0"],
  ])("%s", (_, input, other) => {
    expect(options(run(input)).wsrep_cluster_address).toBe(
      `gcomm://${full(other)},${full("galera-1")}`,
    );
  });

  test("of addresses, IPv6 in one spelling", () => {
    const input = lines("10.0.0.1", "10.0.0.2", "FD00:0:0:1:0:0:0:5");
    expect(options(run(input))).toMatchObject({
      wsrep_node_address: "10.0.0.2",
      wsrep_cluster_address: "gcomm://10.0.0.1,10.0.0.2,[fd00:0:0:1::5]",
    });
  });

  test("of 5,000 peers is more than MariaDB can read", () => {
    const peers = Array.from({ length: 5000 }, (_, n) => full(`galera-${n}`));
    const started = performance.now();
    expect(() => run(lines(...peers))).toThrow(
      expect.objectContaining({
        exitCode: 78,
        message: expect.stringMatching(/^wsrep_cluster_address would make a line of \d+ bytes/),
      }),
    );
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe("I am the peer", () => {
  test.each<[string, Partial<ConfigureOptions>, readonly string[], string]>([
    [
      "whose name is mine, not the longer one",
      {},
      ["galera-10", "galera-1", "galera-11"],
      "galera-1",
    ],
    [
      "not the shorter one",
      { name: "galera-10", fqdn: undefined },
      ["galera-1", "galera-10"],
      "galera-10",
    ],
    ["whose short name is mine", { fqdn: undefined }, ["galera-0", "galera-1"], "galera-1"],
    ["that HOST_ADDRESS names", { self: full("galera-2") }, ["galera-1", "galera-2"], "galera-2"],
    [
      "whatever HOST_ADDRESS names, if it is not there",
      { self: "10.9.9.9" },
      ["galera-0", "galera-1"],
      "galera-1",
    ],
  ])("%s", (_, who, pods, self) => {
    expect(options(run(lines(...pods.map(full)), who)).wsrep_node_address).toBe(full(self));
  });

  test("whose full name is mine, where a namesake of another service comes first", () => {
    const input = lines("galera-1.another.db.svc.cluster.local", full("galera-1"));
    expect(options(run(input)).wsrep_node_address).toBe(full("galera-1"));
  });

  test("whose address is mine", () => {
    expect(options(run(lines("10.0.0.20", "10.0.0.2"))).wsrep_node_address).toBe("10.0.0.2");
  });

  test("that HOST_ADDRESS names in another spelling", () => {
    const text = run(lines("10.0.0.1", "fd00::5"), { self: "FD00:0:0::5" });
    expect(options(text).wsrep_node_address).toBe("[fd00::5]");
  });
});

describe("a sole peer", () => {
  const alone = lines(full("galera-1"));

  test("is named, so that no start makes a new cluster by itself", () => {
    expect(options(run(alone)).wsrep_cluster_address).toBe(`gcomm://${full("galera-1")}`);
  });

  test("founds, where configure-galera.sh is replaced", () => {
    expect(options(run(alone, { solePeerFounds: true })).wsrep_cluster_address).toBe("gcomm://");
  });

  test("named twice is still one", () => {
    const text = run(alone + alone, { solePeerFounds: true });
    expect(options(text).wsrep_cluster_address).toBe("gcomm://");
  });

  test("of two founds nothing", () => {
    const text = run(lines(full("galera-0"), full("galera-1")), { solePeerFounds: true });
    expect(options(text).wsrep_cluster_address).not.toBe("gcomm://");
  });
});

describe("the cluster's name", () => {
  test("as it was set", () => {
    const text = run(lines(full("galera-1")), { clusterName: "inajob" });
    expect(options(text).wsrep_cluster_name).toBe("inajob");
  });

  test("of my full name, where peers are addresses", () => {
    expect(options(run(lines("10.0.0.2"))).wsrep_cluster_name).toBe("galera");
  });

  test.each<[string, string, Partial<ConfigureOptions>]>([
    ["a short name", "galera-1", { fqdn: undefined }],
    ["an address, and no full name", "10.0.0.2", { fqdn: undefined }],
  ])("is not known: %s", (_, peer, who) => {
    expect(() => run(lines(peer), who)).toThrow(
      expect.objectContaining({
        exitCode: 78,
        message: `the cluster's name does not follow from ${peer}: set --cluster-name or --service`,
      }),
    );
  });
});

test("an SST method and provider options, where they were asked for", () => {
  const asked = { sstMethod: "mariabackup", providerOptions: "gcache.size=1G" };
  expect(run(lines(full("galera-1")), asked)).toContain("wsrep_sst_method=mariabackup\n");
  expect(run(lines(full("galera-1")), asked)).toContain("gcache.size=1G");
});

describe("what names no host is refused with its line, and nothing is written", () => {
  const bad = (line: number, shown: string) =>
    `standard input:${line}: ${shown} is no host name or address`;

  test.each<[string, string, string]>([
    ["nothing", "", "standard input: no peers in it"],
    ["empty lines", "\n \n", "standard input: no peers in it"],
    ["shell text", lines(full("galera-1"), "$(reboot)"), bad(2, '"$(reboot)"')],
    ["two on a line", "galera-0 galera-1\n", bad(1, '"galera-0 galera-1"')],
    ["a quote", "galera-0'\n", bad(1, '"galera-0\'"')],
    ["a NUL", "galera-0\0\n", bad(1, '"galera-0\\u0000"')],
    ["a URL", "gcomm://galera-0\n", bad(1, '"gcomm://galera-0"')],
    ["an address with a port", "10.0.0.1:4567\n", bad(1, '"10.0.0.1:4567"')],
    ["a name with a port", "galera-0:4567\n", bad(1, '"galera-0:4567"')],
    ["a comma", "galera-0,galera-1\n", bad(1, '"galera-0,galera-1"')],
    ["a URL in brackets", "::1]:80/[\n", bad(1, '"::1]:80/["')],
    ["a long line", `${"x ".repeat(1000)}\n`, bad(1, JSON.stringify("x ".repeat(40)))],
    [
      "others alone",
      lines(full("galera-0"), full("galera-10")),
      "standard input: galera-1 is not among its 2 peers",
    ],
  ])("%s", (_, input, message) => {
    writeFileSync(cnf, "[galera]\nold\n");
    expect(() => run(input)).toThrow(expect.objectContaining({ exitCode: 65, message }));
    expect(readFileSync(cnf, "utf8")).toBe("[galera]\nold\n");
  });
});
