import { describe, expect, test } from "vitest";
import { agentAccount } from "../../../src/agent/sql/account.js";
import {
  chooseOptions,
  type OptionFacts,
  type UserOptions,
} from "../../../src/server/options/choose.js";
import type { Settings } from "../../../src/settings.js";
import { peerSetOf } from "./peers.js";

const GiB = 2 ** 30;
const tls = { ca: "/tls/ca.crt", cert: "/tls/tls.crt", key: "/tls/tls.key" };
const facts: OptionFacts = {
  galera: { clusterName: "c", nodeName: "galera-1", nodeAddress: "10.0.0.2", peers: ["10.0.0.2"] },
  ...{ interfaces: ["10.0.0.2"], peers: peerSetOf(1, [0, 1, 2]), unable: [] },
  ...{ account: agentAccount("mysql", undefined), has: () => true },
  ...{ limits: { memoryBytes: GiB, cpus: 2 }, tls },
};

interface Situation {
  readonly settings?: Settings;
  readonly args?: readonly string[];
  /** What other option files than galera.cnf say, to the server and to the scripts. */
  readonly files?: Readonly<Record<string, string>>;
  readonly sst?: Readonly<Record<string, string>>;
}

/** What is chosen beside a galera.cnf. */
function chosen(text: string, { settings = {}, args = [], files = {}, sst = {} }: Situation = {}) {
  const user: UserOptions = {
    ...{ args, inFiles: (name) => files[name] },
    inSstGroup: (name) => sst[name],
  };
  const all = { tlsDir: "/tls", failover: "fast", ...settings } as const;
  return chooseOptions(facts, all, user)(text);
}

const galera = "[galera]\nwsrep_on=ON\n";

test("where the user has set nothing, each subject has its say", () => {
  const text = chosen(galera);
  for (const part of ["wsrep_sst_method=mariabackup", "innodb_buffer_pool_size=", "ssl_ca="]) {
    expect(text).toContain(part);
  }
  expect(text).toMatch(/^wsrep_provider_options=".*evs\.suspect_timeout=PT2S.*socket\.ssl=yes/m);
  expect(text).toMatch(/^\[sst\]\n# .*\nssl-mode=VERIFY_CA$/m);
});

describe("what the user has set is left out", () => {
  test.each<[string, string, Situation, RegExp]>([
    ["in galera.cnf", `${galera}innodb-buffer-pool-size=1G\n`, {}, /^innodb_buffer_pool_size/m],
    [
      "in another file",
      galera,
      { files: { innodb_buffer_pool_size: "1G" } },
      /^innodb_buffer_pool_size/m,
    ],
    ["on the command line", galera, { args: ["--loose-ssl-ca=/my/ca"] }, /^ssl_ca/m],
    ["a key, and so the certificate", galera, { files: { ssl_key: "/my/key" } }, /^ssl_cert/m],
    [
      "for the scripts, in galera.cnf",
      `${galera}[sst]\nssl-mode=VERIFY_IDENTITY\n`,
      {},
      /^ssl-mode/m,
    ],
    ["the same with an underscore", `${galera}[sst]\nssl_mode=VERIFY_IDENTITY\n`, {}, /^ssl-mode/m],
    ["for the scripts, in another file", galera, { sst: { "ssl-mode": "REQUIRED" } }, /^ssl-mode/m],
  ])("%s", (_, text, situation, option) => {
    expect(chosen(galera)).toMatch(option);
    expect(chosen(text, situation)).not.toMatch(option);
  });

  test("of provider options key by key, all of the user's in front", () => {
    const own = `${galera}wsrep_provider_options="evs.suspect_timeout=PT9S;gmcast.segment=1"\n`;
    const [, value] = /^wsrep_provider_options="(.*)"$/m.exec(chosen(own)) ?? [];
    expect(value).toMatch(/^evs\.suspect_timeout=PT9S;gmcast\.segment=1; /);
    expect(value).not.toContain("PT2S");
    expect(value).toContain("evs.keepalive_period=PT0.2S");
  });
});

describe("provider options on the command line hide those of files", () => {
  const args = ["--wsrep-provider-options=gcache.size=1G"];

  test("so what was asked for is refused", () => {
    expect(() => chosen(galera, { args })).toThrow(
      "--wsrep-provider-options on the server's command line hides what is asked for by GALERA_FAILOVER and GALERA_TLS_DIR",
    );
  });

  test("and what was not is left out", () => {
    const plain = { ...facts, tls: undefined };
    const user = { args, inFiles: () => undefined, inSstGroup: () => undefined };
    expect(chooseOptions(plain, { failover: "default" }, user)(galera)).not.toContain(
      "wsrep_provider_options",
    );
  });
});

test.each([
  ["--innodb-buffer-pool-size=1G", "innodb_buffer_pool_size=1G"],
  ["--loose-innodb_buffer_pool_filename=dump", "innodb_buffer_pool_filename=dump"],
])("%s would break SST on the command line: it stands here instead", (argument, line) => {
  const text = chosen(galera, { args: [argument] });
  expect(text).toMatch(/^# from the server's command line, where it would break SST/m);
  expect(text.split("\n")).toContain(line);
  expect(text.match(/^innodb_buffer_pool_size=/gm)).toHaveLength(1);
});

test("lines that are added below belong to the last group of the file", () => {
  expect(chosen(`${galera}[mysqld]\nport=3306\n`)).toMatch(/\[mysqld\]\n# \(so far\)\n$/);
});
