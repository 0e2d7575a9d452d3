import { describe, expect, test } from "vitest";
import type { Lookup } from "../../src/dns/lookup.js";
import type { Target } from "../../src/dns/service.js";
import { type FindOptions, find } from "../../src/peers/find.js";
import { sight } from "../../src/peers/look.js";
import type { ProcessOptions } from "../../src/system/processes.js";
import { testClock } from "../system/test-clock.js";
import { fqdn, manyTargets, member, serviceFqdn, targets } from "./members.js";

type Answer = Lookup<readonly Target[]>;

const denial: Answer = { kind: "empty", why: "nxdomain", ttlS: 5 };
const failure: Answer = { kind: "failed", why: "timeout", detail: "10.0.0.10:53: no answer" };

function answer(...pods: readonly string[]): Answer {
  return { kind: "answer", value: targets(...pods), ttlS: 5 };
}

/**
 * A find whose looks see `sights` in turn, the last one again and again. Hooks are noted as
 * `name command: peers`, and end with the code that `codes` has for their command.
 */
function finding(
  sights: readonly Answer[],
  options: Partial<FindOptions> = {},
  codes: Readonly<Record<string, number>> = {},
) {
  const clock = testClock();
  const stop = new AbortController();
  const hooks: string[] = [];
  const inputs: ProcessOptions[] = [];
  const printed: string[] = [];
  const logged: string[] = [];
  const left = [...sights];
  let looks = 0;
  const me = options.me ?? member();
  const end = find(
    {
      ...{ me, addressType: "dns", watchAddresses: false, onStart: undefined, onChange: undefined },
      ...{ hookTimeoutMs: undefined, pollMs: 1000, timeoutMs: undefined },
      look: async () => {
        looks += 1;
        return sight((left.length > 1 ? left.shift() : left[0]) ?? denial, me);
      },
      ...options,
    },
    {
      ...{ clock, signal: stop.signal, print: (line: string) => printed.push(line) },
      log: (_level, line) => logged.push(line),
      runProcess: async (_shell, args, processOptions) => {
        const command = args.at(-1) ?? "";
        hooks.push(`${command}: ${processOptions.input.trim().replaceAll("\n", " ")}`);
        inputs.push(processOptions);
        return { exitCode: codes[command] ?? 0, output: "" };
      },
    },
  ).then(
    () => "ended",
    (error: unknown) => error,
  );
  return { clock, stop, hooks, inputs, printed, logged, end, looks: () => looks };
}

const names = (...pods: readonly string[]) => pods.map(fqdn).join(" ");

describe("as the Go program", () => {
  test("on-start once, then on-change for every later change", async () => {
    const { clock, hooks } = finding(
      [
        ...[answer("galera-0"), answer("galera-0"), answer("galera-0", "galera-1")],
        ...[answer("galera-0", "galera-1"), answer("galera-0")],
      ],
      { onStart: "start", onChange: "change" },
    );
    await clock.advance(10_000);
    expect(hooks).toEqual([
      `start: ${names("galera-0")}`,
      `change: ${names("galera-0", "galera-1")}`,
      `change: ${names("galera-0")}`,
    ]);
  });

  test("on-change in place of on-start", async () => {
    const { clock, hooks, logged } = finding([answer("galera-0"), answer("galera-0", "galera-1")], {
      onChange: "change",
    });
    await clock.advance(5000);
    expect(hooks).toEqual([
      `change: ${names("galera-0")}`,
      `change: ${names("galera-0", "galera-1")}`,
    ]);
    expect(logged[0]).toBe("no on-start hook: on-change runs in its place at first");
  });

  test("it ends without on-change", async () => {
    const { end, hooks } = finding([answer("galera-0")], { onStart: "start" });
    expect(await end).toBe("ended");
    expect(hooks).toEqual([`start: ${names("galera-0")}`]);
  });

  test("without a hook it prints the peers", async () => {
    const { end, printed } = finding([answer("galera-0", "galera-1")]);
    expect(await end).toBe("ended");
    expect(printed).toEqual(["galera-0", "galera-1"].map(fqdn));
  });

  test("a set counts only if it holds me, exactly", async () => {
    const { clock, hooks } = finding(
      [
        ...[denial, failure, answer("galera-1", "galera-10"), answer("galera-0")],
        ...[answer("galera-1"), denial, failure, answer("galera-0")],
        ...[answer("galera-10"), answer("galera-0", "galera-10")],
      ],
      { onStart: "start", onChange: "change" },
    );
    await clock.advance(20_000);
    expect(hooks).toEqual([
      `start: ${names("galera-0")}`,
      `change: ${names("galera-0", "galera-10")}`,
    ]);
  });

  test("the peers have the order of their names", async () => {
    const value = manyTargets(12);
    const { end, printed } = finding([{ kind: "answer", value, ttlS: 5 }]);
    await end;
    expect(printed).toEqual(
      ["0", "1", "10", "11", "2", "3", "4", "5", "6", "7", "8", "9"].map((n) =>
        fqdn(`galera-${n}`),
      ),
    );
  });
});

describe("a change of addresses alone", () => {
  const [before, after] = [
    answer("galera-0=10.0.0.1", "galera-1=10.0.0.2"),
    answer("galera-0=10.0.0.1", "galera-1=10.0.0.3"),
  ];
  const run = async (sights: readonly Answer[], options: Partial<FindOptions>) => {
    const { clock, hooks } = finding(sights, { onChange: "change", ...options });
    await clock.advance(20_000);
    return hooks;
  };

  test("is no change", async () => {
    expect(await run([before, after], {})).toHaveLength(1);
  });

  test("is one with --watch-addresses", async () => {
    const peers = names("galera-0", "galera-1");
    expect(await run([before, after], { watchAddresses: true })).toEqual([
      `change: ${peers}`,
      `change: ${peers}`,
    ]);
  });

  test("is one where addresses are the peers' names", async () => {
    expect(await run([before, after], { addressType: "ipv4" })).toEqual([
      "change: 10.0.0.1 10.0.0.2",
      "change: 10.0.0.1 10.0.0.3",
    ]);
  });

  test("is none where an address could only not be looked up", async () => {
    const unknown = answer("galera-0=10.0.0.1", "galera-1");
    for (const options of [{ watchAddresses: true }, { addressType: "ip" as const }]) {
      expect(await run([unknown, before, unknown, before], options)).toHaveLength(1);
    }
  });
});

describe("pace", () => {
  test("at most one look-up a second once it has found the peers", async () => {
    const { clock, looks } = finding([denial, denial, answer("galera-0")], { onChange: "change" });
    await clock.advance(125);
    expect(looks()).toBe(3);
    await clock.advance(999);
    expect(looks()).toBe(3);
    await clock.advance(10_001);
    expect(looks()).toBe(14);
  });

  test("--timeout ends the wait for the first answer, with what was awaited", async () => {
    const { clock, end } = finding([denial], { onStart: "start", timeoutMs: 30_000 });
    await clock.advance(30_000);
    expect(await end).toMatchObject({
      exitCode: 69,
      message: `gave up after 30 s (--timeout), still waiting for my own SRV record: ${serviceFqdn} does not exist (NXDOMAIN)`,
    });
  });

  test("--timeout does not end what comes after", async () => {
    const { clock, hooks } = finding([answer("galera-0"), denial, answer("galera-0", "galera-1")], {
      ...{ onChange: "change", timeoutMs: 100 },
    });
    await clock.advance(60_000);
    expect(hooks).toHaveLength(2);
  });

  test("a signal ends it with its reason", async () => {
    for (const sights of [[denial], [answer("galera-0")]]) {
      const { clock, stop, end } = finding(sights, { onChange: "change" });
      await clock.advance(5000);
      const reason = new Error("ended by SIGTERM");
      stop.abort(reason);
      expect(await end).toBe(reason);
    }
  });
});

describe("a hook's failure is the end, with its code", () => {
  test.each<[string, Readonly<Record<string, number>>, object]>([
    ["on-start", { start: 3 }, { exitCode: 3, message: "the on-start hook failed (3): start" }],
    ["on-change", { change: 4 }, { exitCode: 4, message: "the on-change hook failed (4): change" }],
  ])("%s", async (_, codes, expected) => {
    const sights = [answer("galera-0"), answer("galera-0", "galera-1")];
    const { clock, end } = finding(sights, { onStart: "start", onChange: "change" }, codes);
    await clock.advance(10_000);
    expect(await end).toMatchObject(expected);
  });
});

describe("hooks are told who I am", () => {
  test.each<[string, Partial<FindOptions>, object]>([
    ["by name", {}, { HOST_ADDRESS: fqdn("galera-0"), POD_IP: "10.0.0.1" }],
    ["by address", { addressType: "ip" }, { HOST_ADDRESS: "10.0.0.1", POD_IP: "10.0.0.1" }],
    [
      "with the POD_IP that was set",
      { me: { ...member(), podIp: "fd00::1" } },
      { HOST_ADDRESS: fqdn("galera-0"), POD_IP: "fd00::1", POD_IP_TYPE: "IPv6" },
    ],
  ])("%s", async (_, options, env) => {
    const { end, inputs } = finding([answer("galera-0=10.0.0.1")], { onStart: "x", ...options });
    await end;
    expect(inputs[0]?.env).toMatchObject(env);
  });
});

describe("the log", () => {
  test("says changes and waits once", async () => {
    const { clock, logged } = finding(
      [
        denial,
        denial,
        answer("galera-1"),
        answer("galera-1"),
        answer("galera-0"),
        answer("galera-0", "galera-1"),
      ],
      { onStart: "start", onChange: "change" },
    );
    await clock.advance(20_000);
    expect(logged).toEqual([
      `waiting for my own SRV record: ${serviceFqdn} does not exist (NXDOMAIN)`,
      `waiting for my own SRV record: ${fqdn("galera-0")} is not among ${fqdn("galera-1")}`,
      `peers: ${fqdn("galera-0")}`,
      "on-start: start",
      `peers: ${fqdn("galera-0")}, ${fqdn("galera-1")} (before: ${fqdn("galera-0")})`,
      "on-change: change",
    ]);
  });

  test("stays short with 5,000 peers, and the hook gets all of them", async () => {
    const many: Answer = { kind: "answer", value: manyTargets(5000), ttlS: 5 };
    const { clock, logged, inputs } = finding([answer("galera-0"), many], { onChange: "change" });
    const started = performance.now();
    await clock.advance(5000);
    expect(performance.now() - started).toBeLessThan(1000);
    expect(Math.max(...logged.map((line) => line.length))).toBeLessThan(600);
    expect(inputs[1]?.input.split("\n")).toHaveLength(5001);
  });
});
