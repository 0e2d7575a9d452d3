import { describe, expect, test } from "vitest";
import { type Setting, type SettingName, settings } from "../src/setting-table.js";
import { flagsAsVariables, readSettings } from "../src/settings.js";
import type { Failure } from "../src/system/failure.js";

const all = Object.entries(settings) as [SettingName, Setting<unknown>][];
const withFlag = all.filter(([, { flag }]) => flag !== undefined);

/** A text for every setting that it does not take, and one that it does. */
const texts: Readonly<Record<SettingName, { bad: string; good: string; value: unknown }>> = {
  service: { bad: "gal era", good: "Galera", value: "galera" },
  namespace: { bad: "a.b", good: "db", value: "db" },
  domain: { bad: "cluster..local", good: "K8s.Example.", value: "k8s.example" },
  hostname: { bad: "$(id)", good: "galera-0.galera", value: "galera-0.galera" },
  podIp: { bad: "10.0.0", good: "10.0.0.1, fd00::1", value: ["10.0.0.1", "fd00::1"] },
  dns: { bad: "dns.example:53", good: "10.0.0.10", value: [{ host: "10.0.0.10", port: 53 }] },
  addressType: { bad: "IPv5", good: "IPv4", value: "ipv4" },
  cnf: { bad: "a\0b", good: "/etc/my.cnf.d/galera.cnf", value: "/etc/my.cnf.d/galera.cnf" },
  template: { bad: "\0", good: "/etc/galera.cnf.in", value: "/etc/galera.cnf.in" },
  clusterName: { bad: "x".repeat(33), good: "my cluster", value: "my cluster" },
  sstMethod: { bad: "rsync; rm -rf /", good: "mariabackup", value: "mariabackup" },
  providerOptions: { bad: "gcache.size", good: "gcache.size=1G; a=", value: "gcache.size=1G; a=" },
  failover: { bad: "instant", good: "Fast", value: "fast" },
  tlsDir: { bad: "\0", good: "/etc/galera/tls", value: "/etc/galera/tls" },
  tls: { bad: "off", good: "Dynamic", value: "dynamic" },
  bootstrap: { bad: "always", good: "Sole-Peer", value: "sole-peer" },
  replicas: { bad: "0", good: "3", value: 3 },
  forceBootstrap: {
    bad: "galera-0",
    good: "galera-0:2",
    value: { pod: "galera-0", epoch: 2 },
  },
  allowDiscard: { bad: ":1", good: "galera-1:0", value: { pod: "galera-1", epoch: 0 } },
  stateDir: { bad: "\0", good: "/var/lib/galera", value: "/var/lib/galera" },
  agent: { bad: "maybe", good: "Off", value: "off" },
  agentPort: { bad: "65536", good: "4570", value: 4570 },
  drainDelay: { bad: "-1", good: "0s", value: 0 },
  drainTimeout: { bad: "0", good: "90s", value: 90_000 },
  timeout: { bad: "0", good: "1.5m", value: 90_000 },
  poll: { bad: "500ms", good: "5s", value: 5000 },
  log: { bad: "xml", good: "JSON", value: "json" },
  onStart: { bad: "\0", good: "cat | tee x", value: "cat | tee x" },
  onChange: { bad: "a\0", good: "cat\n", value: "cat\n" },
  hookTimeout: { bad: "5 s", good: "500ms", value: 500 },
};

function flagsOf(of: "bad" | "good") {
  return Object.fromEntries(withFlag.map(([name]) => [name, texts[name][of]]));
}

function environmentOf(of: "bad" | "good") {
  const withVariable = all.filter(([, { env }]) => env !== undefined);
  return Object.fromEntries(withVariable.map(([name, { env }]) => [env, texts[name][of]]));
}

function problems(...given: Parameters<typeof readSettings>): readonly string[] {
  try {
    readSettings(...given);
  } catch (error) {
    expect(error).toMatchObject({ exitCode: 78 });
    return (error as Failure).message.split("\n");
  }
  return [];
}

describe("every setting", () => {
  test.each(withFlag)("%s: from its flag", (name) => {
    expect(readSettings({ [name]: texts[name].good }, {})).toEqual({ [name]: texts[name].value });
  });

  test.each(all.filter(([, { env }]) => env !== undefined))(
    "%s: from its variable",
    (name, { env }) => {
      const variables = { [env as string]: texts[name].good, UNKNOWN: "x" };
      expect(readSettings({}, variables)).toEqual({ [name]: texts[name].value });
    },
  );

  test("malformed at once: a line for each, which names the flag", () => {
    const lines = problems(flagsOf("bad"), environmentOf("good"));
    expect(lines.map((line) => line.split(":")[0])).toEqual(withFlag.map(([, { flag }]) => flag));
  });

  test("malformed at once: a line for each, which names the variable", () => {
    const lines = problems({}, environmentOf("bad"));
    const variables = all.flatMap(([, { env }]) => env ?? []);
    expect(lines.map((line) => line.split(":")[0])).toEqual(variables);
  });

  test("malformed at once, some here and some there", () => {
    const lines = problems({ poll: "1ms" }, { ...environmentOf("bad"), GALERA_POLL: "2s" });
    expect(lines).toHaveLength(all.filter(([, { env }]) => env !== undefined).length);
    expect(lines).toContain('--poll: "1ms" is not a duration of at least 1s');
  });

  test("is what it was, where nothing is set", () => {
    expect(readSettings({}, {})).toEqual({});
  });
});

describe("what belongs to one start alone has a variable and no flag", () => {
  const tokens = ["forceBootstrap", "allowDiscard"] as const;

  test("those are", () => {
    const without = all.filter(([, { flag }]) => flag === undefined).map(([name]) => name);
    expect(without).toEqual(tokens);
  });

  test.each(
    tokens.flatMap((name) =>
      [
        "galera-0",
        "galera-0:",
        ":1",
        "galera-0:-1",
        "galera-0:1.5",
        "galera-0:1:2",
        "galera-0: 1",
        "Galera-0:1",
        "galera-0.galera:1",
        "-:1",
        "galera-0:1\n",
        "galera-0:1234567890",
      ].map((text): [SettingName, string] => [name, text]),
    ),
  )("%s: not %j", (name, text) => {
    const { env = "" }: Setting<unknown> = settings[name];
    expect(problems({}, { [env]: text })).toEqual([
      `${env}: ${JSON.stringify(text)} is not <pod>:<epoch>, as the message that asks for it has it`,
    ]);
  });
});

describe("a flag without a value turns something off", () => {
  test.each<[boolean | undefined, string | undefined, "on" | "off" | undefined]>([
    [false, undefined, "off"], // --no-agent
    [false, "on", "off"],
    [true, undefined, undefined], // commander's value where the flag was not given
    [true, "off", "off"],
    [undefined, "off", "off"],
    [undefined, "on", "on"],
    [undefined, "", undefined],
  ])("%j and GALERA_AGENT=%s: %s", (flag, variable, value) => {
    const flags = flag === undefined ? {} : { agent: flag };
    expect(readSettings(flags, { GALERA_AGENT: variable }).agent).toBe(value);
  });

  test("a variable that is malformed is named where the flag was not given", () => {
    expect(problems({ agent: true }, { GALERA_AGENT: "x" })).toEqual([
      'GALERA_AGENT: "x" is not one of on, off',
    ]);
  });
});

describe("flags as the variables that say the same", () => {
  test("for every setting that has both", () => {
    const both = withFlag.filter(([name, { env }]) => env !== undefined && name !== "agent");
    const flags = Object.fromEntries(both.map(([name]) => [name, texts[name].good]));
    expect(readSettings({}, flagsAsVariables(flags))).toEqual(readSettings(flags, {}));
  });

  test("not what was not given", () => {
    expect(flagsAsVariables({ agent: true })).toEqual({});
  });
});

test("a flag wins over its variable, also over a malformed one", () => {
  expect(readSettings({ service: "a" }, { GALERA_SERVICE: "b c" })).toEqual({ service: "a" });
});

test("an empty variable is not set, an empty flag is a mistake", () => {
  const empty = Object.fromEntries(all.flatMap(([, { env }]) => (env ? [[env, ""]] : [])));
  expect(readSettings({}, empty)).toEqual({});
  expect(problems({ service: "", cnf: "", timeout: "", onStart: "" }, {})).toEqual([
    '--service: "" is not a DNS label (letters, digits and inner dashes, at most 63)',
    '--cnf: "" is not a path',
    '--timeout: "" is not a duration such as 500ms, 30s or 2m, more than 0',
    '--on-start: "" is not a shell command',
  ]);
});

describe("DNS servers", () => {
  test.each<[string, readonly (readonly [string, number])[]]>([
    ["10.0.0.10", [["10.0.0.10", 53]]],
    ["10.0.0.10:5300", [["10.0.0.10", 5300]]],
    ["::1", [["::1", 53]]],
    ["fd00::10", [["fd00::10", 53]]],
    ["[::1]", [["::1", 53]]],
    ["[::1]:5300", [["::1", 5300]]],
    ["fe80::1%eth0", [["fe80::1%eth0", 53]]],
    ["[fe80::1%eth0]:5300", [["fe80::1%eth0", 5300]]],
    [
      "10.0.0.10,[::1]:54 10.0.0.11:55,",
      [
        ["10.0.0.10", 53],
        ["::1", 54],
        ["10.0.0.11", 55],
      ],
    ],
  ])("%s", (text, servers) => {
    expect(readSettings({ dns: text }, {}).dns).toEqual(
      servers.map(([host, port]) => ({ host, port })),
    );
  });

  test.each([
    ",",
    "dns.example",
    "10.0.0",
    "10.0.0.10:",
    "10.0.0.10:0",
    "10.0.0.10:65536",
    "10.0.0.10:-1",
    "10.0.0.10:53:53",
    "10.0.0.10:dns",
    "[10.0.0.10]:53",
    "[::1",
    "::1]:53",
    "[::1]53",
    "[::1]:",
    "[]:53",
    "[::1]:80/[::2]",
    "10.0.0.10,nonsense",
  ])("not %j", (text) => {
    expect(problems({ dns: text }, {})).toEqual([
      `--dns: ${JSON.stringify(text)} is not IP addresses with an optional port, such as 10.0.0.10:53 or [::1]:53`,
    ]);
  });
});

describe("more texts that a setting does not take", () => {
  test.each<[SettingName, string]>([
    ["service", "galera.db"],
    ["service", "galera\n"],
    ["service", "-galera"],
    ["service", "x".repeat(64)],
    ["namespace", "db\0"],
    ["domain", "cluster.local;rm"],
    ["hostname", "galera-0\ngalera-1"],
    ["podIp", ","],
    ["podIp", "10.0.0.1/24"],
    ["podIp", "10.0.0.1,galera-0"],
    ["clusterName", "a\nb"],
    ["clusterName", "gälera"],
    ["sstMethod", "../x"],
    ["providerOptions", "a=1;;b"],
    ["providerOptions", "a=1\nwsrep_on=OFF"],
    ["poll", "999ms"],
    ["timeout", "-1s"],
    ["timeout", "0s"],
    ["hookTimeout", "0"],
    ["hookTimeout", "forever"],
    ["replicas", "-1"],
    ["replicas", "1.5"],
    ["replicas", "100"],
    ["replicas", "3 "],
    ["agentPort", "0"],
    ["agentPort", "http"],
    ["agentPort", "004569"],
    ["stateDir", "a\0b"],
    ["agent", "yes"],
  ])("%s: %j", (name, text) => {
    const { flag }: Setting<unknown> = settings[name];
    const [line = "", ...more] = problems({ [name]: text }, {});
    expect(line).toContain(`${flag}: ${JSON.stringify(text)} is not `);
    expect(more).toEqual([]);
  });
});

test("a long text of options is read in no time", () => {
  const started = performance.now();
  problems({ providerOptions: `${"a=1; ".repeat(20_000)}x` }, {});
  problems({ providerOptions: `a=${" ".repeat(100_000)}\0` }, {});
  expect(performance.now() - started).toBeLessThan(500);
});
