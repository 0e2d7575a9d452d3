import { execFileSync } from "node:child_process";
import { parse } from "ini";
import { describe, expect, test } from "vitest";
import { problemsOf } from "../../src/cnf/check.js";
import { clusterAddress, hostOf } from "../../src/cnf/cluster-address.js";
import { type GaleraSettings, renderGaleraCnf } from "../../src/cnf/render.js";
import { defaultTemplate } from "../../src/cnf/template.js";
import { mariadbReadsText } from "./oracle.js";

const settings: GaleraSettings = {
  clusterName: "galera",
  nodeName: "galera-1",
  nodeAddress: "10.0.0.2",
  peers: ["galera-0.galera.ns.svc.cluster.local", "galera-1.galera.ns.svc.cluster.local"],
};
const template = defaultTemplate({
  provider: "/usr/lib/galera/libgalera_smm.so",
});

describe("the built-in template", () => {
  test("is read by MariaDB as written, and by others too", () => {
    const text = renderGaleraCnf(template, {
      ...settings,
      providerOptions: "gcache.size=1G;pc.weight=2",
    });
    expect(problemsOf(text)).toEqual([]);
    const options = {
      wsrep_on: "ON",
      wsrep_provider: "/usr/lib/galera/libgalera_smm.so",
      binlog_format: "ROW",
      default_storage_engine: "InnoDB",
      innodb_autoinc_lock_mode: "2",
      innodb_flush_log_at_trx_commit: "1",
      wsrep_cluster_name: "galera",
      wsrep_node_name: "galera-1",
      wsrep_node_address: "10.0.0.2",
      wsrep_cluster_address:
        "gcomm://galera-0.galera.ns.svc.cluster.local,galera-1.galera.ns.svc.cluster.local",
      wsrep_provider_options: "gcache.size=1G; pc.weight=2",
    };
    expect(mariadbReadsText(text).options).toBe(
      Object.entries(options)
        .map(([name, value]) => `--${name}=${value}\n`)
        .join(""),
    );
    expect(parse(text)).toEqual({ galera: options });
    expect(renderGaleraCnf(text, { ...settings, providerOptions: "pc.weight=2" })).toBe(text);
  });

  test("is understood by mariadbd", () => {
    const options = mariadbReadsText(renderGaleraCnf(template, settings))
      .options.trimEnd()
      .split("\n");
    const variables = execFileSync(
      "mariadbd",
      ["--no-defaults", "--user=mysql", "--datadir=/tmp", ...options, "--help", "--verbose"],
      {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      },
    );
    expect(variables).toMatch(/^binlog-format +ROW$/m);
    expect(variables).toMatch(/^innodb-autoinc-lock-mode +2$/m);
    expect(variables).toMatch(/^wsrep-node-address +10\.0\.0\.2$/m);
  });

  test("quotes an odd provider path", () => {
    const odd = defaultTemplate({ provider: "/opt/my galera#1.so" });
    expect(mariadbReadsText(odd).options).toContain("--wsrep_provider=/opt/my galera#1.so\n");
  });
});

describe("settings", () => {
  const rendered = (changed: Partial<GaleraSettings>, base = "[galera]\n") =>
    renderGaleraCnf(base, { ...settings, peers: ["a"], ...changed });

  test("make all own options", () => {
    expect(rendered({ peers: ["a", "b"], sstMethod: "mariabackup" })).toBe(
      "[galera]\nwsrep_cluster_name=galera\nwsrep_node_name=galera-1\nwsrep_node_address=10.0.0.2\nwsrep_cluster_address=gcomm://a,b\nwsrep_sst_method=mariabackup\n",
    );
  });

  test("leave a template's SST method and provider options unless they say otherwise", () => {
    const base = "[galera]\nwsrep_sst_method = rsync\nwsrep_provider_options='a=1'\n";
    expect(rendered({}, base).startsWith(base.trimEnd())).toBe(true);
    expect(rendered({ sstMethod: "mariabackup", providerOptions: "b=2" }, base)).toContain(
      "wsrep_sst_method = mariabackup\nwsrep_provider_options='a=1; b=2'\n",
    );
  });

  test("may ask for an empty cluster address, and only ask", () => {
    expect(rendered({ emptyClusterAddress: true })).toMatch(/^wsrep_cluster_address=gcomm:\/\/$/m);
    expect(() => rendered({ peers: [] })).toThrow(expect.objectContaining({ exitCode: 70 }));
  });

  test("are written as UTF-8", () => {
    const text = rendered({ clusterName: "Größe à" });
    expect(Buffer.from(text, "latin1").toString()).toContain('wsrep_cluster_name="Größe à"\n');
    expect(Buffer.from(mariadbReadsText(text).options, "latin1").toString()).toContain(
      "=Größe à\n",
    );
  });

  test.each<[string, Partial<GaleraSettings>]>([
    ["a newline in the cluster name", { clusterName: "a\nwsrep_on=OFF" }],
    ["a NUL in the node name", { nodeName: "a\0" }],
    ["no node address", { nodeAddress: "" }],
    ["shell characters in a peer", { peers: ["a", "$(b)"] }],
    ["two peers in one", { peers: ["a,b"] }],
    ["malformed provider options", { providerOptions: "gcache.size" }],
    ["a newline in provider options", { providerOptions: "a=1\nb" }],
    ["a tab in the SST method", { sstMethod: "\t" }],
  ])("are refused for %s", (_, changed) => {
    expect(() => rendered(changed)).toThrow(
      expect.objectContaining({ exitCode: 78, message: expect.stringMatching(/^.+$/) }),
    );
  });
});

test.each([
  ["galera-0.galera", "galera-0.galera"],
  ["10.0.0.1:4567", "10.0.0.1:4567"],
  ["2001:db8::1", "[2001:db8::1]"],
  ["[2001:db8::1]:4567", "[2001:db8::1]:4567"],
])("the host %s is %s", (address, host) => {
  expect(hostOf(address)).toBe(host);
});

test.each([
  ["", "gcomm://a,[::1]"],
  ["gcomm://", "gcomm://a,[::1]"],
  ["gcomm://x,y?gmcast.segment=1", "gcomm://a,[::1]?gmcast.segment=1"],
  ["dummy://?x", "gcomm://a,[::1]"],
])("the cluster address %j becomes %j", (current, address) => {
  expect(clusterAddress(["a", "::1"], current)).toBe(address);
});
