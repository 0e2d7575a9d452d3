import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import type { HooksDone } from "../../../src/agent/peers/hooks.js";
import { createPeersWatch, type PeersWatchOptions } from "../../../src/agent/peers/peers-watch.js";
import { createClient } from "../../../src/dns/client.js";
import type { Lookup } from "../../../src/dns/lookup.js";
import type { Target } from "../../../src/dns/service.js";
import { createLook, type Look, sight } from "../../../src/peers/look.js";
import type { PeerSet } from "../../../src/peers/peer-set.js";
import { exitCode, Failure } from "../../../src/system/failure.js";
import type { ProcessOptions } from "../../../src/system/processes.js";
import { fqdn, member, serviceFqdn, targets } from "../../peers/members.js";
import { heapMiB } from "../../system/heap.js";
import { testClock } from "../../system/test-clock.js";
import { collect } from "../members.js";

type Answer = Lookup<readonly Target[]>;

const denial: Answer = { kind: "empty", why: "nxdomain", ttlS: 5 };
const failure: Answer = { kind: "failed", why: "servfail", detail: "10.0.0.10:53: SERVFAIL" };

function answer(...pods: readonly string[]): Answer {
  return { kind: "answer", value: targets(...pods), ttlS: 5 };
}

const me = member();
const one = answer("galera-0=10.0.0.1");
const two = answer("galera-0=10.0.0.1", "galera-1=10.0.0.2");
const names = (...pods: readonly string[]) => pods.map(fqdn).join(", ");
const [name1, names2] = [names("galera-0"), names("galera-0", "galera-1")];

interface Given {
  readonly options?: Partial<PeersWatchOptions>;
  readonly env?: Readonly<Record<string, string>>;
  /** In place of what `dns.answer` gives. */
  readonly look?: Look;
  readonly keepCnf?: (peers: PeerSet) => void;
  readonly done?: HooksDone;
}

/** A watch that runs; DNS answers what `dns.answer` is at the moment. */
function watching(first: Answer, given: Given = {}) {
  const clock = testClock();
  const stop = new AbortController();
  const { log, lines } = collect();
  const dns = { answer: first, tookMs: 0 };
  const looks: number[] = [];
  const looked: string[] = [];
  const kept: string[] = [];
  const hooks: string[] = [];
  const events: ("kept" | "hook")[] = [];
  const inputs: ProcessOptions[] = [];
  const watch = createPeersWatch(
    {
      ...{ me, addressType: "dns", pollMs: 1000 },
      ...{ onStart: undefined, onChange: "change", hookTimeoutMs: undefined },
      ...given.options,
    },
    {
      ...{ clock, log, env: given.env ?? {} },
      look: async (signal) => {
        looks.push(clock.now());
        const { answer: now, tookMs } = dns;
        if (tookMs > 0) await clock.sleep(tookMs, signal);
        return given.look === undefined ? sight(now, me) : given.look(signal);
      },
      keepCnf: (set) => {
        kept.push(set.peers.map(({ name }) => name).join(", "));
        events.push("kept");
        given.keepCnf?.(set);
      },
      runProcess: async (_shell, args, processOptions) => {
        const peers = processOptions.input.trim().replaceAll("\n", ", ");
        hooks.push(`${args.at(-1)}: ${peers} ${clock.now()}`);
        events.push("hook");
        inputs.push(processOptions);
        return { exitCode: 0, output: "" };
      },
      recorder: {
        looked: (seen, tookMs) => looked.push(`${seen.kind} ${tookMs}`),
        decided: () => {},
        hookRan: () => {},
      },
    },
    given.done,
  );
  const end = watch.run(stop.signal).catch((error: unknown) => error);
  return { ...watch, clock, stop, dns, looks, looked, kept, hooks, events, inputs, lines, end };
}

describe("a change in DNS", () => {
  test("runs the hook, and is what the watch says", async () => {
    const { clock, dns, hooks, sight: seen, lines } = watching(one);
    await clock.advance(9500);
    dns.answer = two;
    await clock.advance(1000);
    expect(hooks).toHaveLength(2);
    expect(hooks[0]).toBe(`change: ${name1} 0`);
    expect(hooks[1]).toMatch(`change: ${names2} `);
    expect(
      seen()
        .set?.peers.map(({ name }) => name)
        .join(", "),
    ).toBe(names2);
    expect(seen()).toMatchObject({ problem: undefined });
    expect(lines).toEqual([
      `info: peers: ${name1}`,
      "info: on-change: change",
      `info: peers: ${names2} (before: ${name1})`,
      "info: on-change: change",
    ]);
  });

  test("is seen within a second, whenever it comes and whoever looks besides", async () => {
    const { clock, dns, hooks, look, stop } = watching(one);
    await clock.advance(5000);
    for (let turn = 0; turn < 40; turn += 1) {
      dns.answer = turn % 2 === 0 ? two : one;
      const { length } = hooks;
      for (let ms = 0; ms < 1000; ms += 70 + turn) {
        await look(stop.signal);
        await clock.advance(70 + turn);
      }
      expect(hooks.length, `turn ${turn}`).toBe(length + 1);
    }
  });

  test("is none where only an address is another one, unless peers are named by it", async () => {
    for (const [addressType, count] of [
      ["dns", 1],
      ["ip", 2],
    ] as const) {
      const { clock, dns, hooks, kept } = watching(one, { options: { addressType } });
      await clock.advance(5000);
      dns.answer = answer("galera-0=10.0.0.9");
      await clock.advance(5000);
      expect([hooks.length, kept.length]).toEqual([count, count]);
    }
  });

  test("that the decision's look finds is not looked for again", async () => {
    const {
      clock,
      dns,
      looks,
      look,
      hooks,
      stop,
      sight: seen,
    } = watching(one, {
      options: { pollMs: 60_000 },
    });
    await clock.advance(10_000);
    const { length } = looks;
    dns.answer = two;
    await look(stop.signal);
    expect(looks).toHaveLength(length + 1);
    expect(seen().answeredMs).toBe(10_000);
    await clock.advance(1);
    expect(hooks.at(-1)).toBe(`change: ${names2} 10000`);
  });
});

describe("the hooks", () => {
  test("on-start comes first, while the looks go on and galera.cnf is kept", async () => {
    const { clock, dns, hooks, looks, kept } = watching(one, { options: { onStart: "start" } });
    await clock.advance(3000);
    dns.answer = two;
    await clock.advance(1000);
    expect(hooks.map((run) => run.replace(/ [\d.]+$/, ""))).toEqual([
      `start: ${name1}`,
      `change: ${names2}`,
    ]);
    expect(kept).toEqual([name1, names2]);
    expect(looks.length).toBeGreaterThan(8);
  });

  test("get no credential", async () => {
    const env = {
      ...{ GALERA_AGENT_KEY: "x", MARIADB_ROOT_PASSWORD: "x", MYSQL_PASSWORD_FILE: "x" },
      ...{ MYSQL_PWD: "x", GALERA_SERVICE: "galera", PATH: "/bin" },
    };
    const { clock, inputs } = watching(one, { env });
    await clock.advance(100);
    expect(inputs[0]?.env).toEqual({
      ...{ GALERA_AGENT_KEY: undefined, MARIADB_ROOT_PASSWORD: undefined },
      ...{ MYSQL_PASSWORD_FILE: undefined, MYSQL_PWD: undefined },
      ...{ HOST_ADDRESS: fqdn("galera-0"), HOST_ADDRESS_TYPE: "DNS" },
      ...{ POD_IP: "10.0.0.1", POD_IP_TYPE: "IPv4" },
    });
  });

  test("are not run again by an agent that has read its settings again", async () => {
    const done: HooksDone = { hasStarted: false, key: undefined };
    const options = { onStart: "start" };
    const before = watching(one, { options, done });
    await before.clock.advance(2000);
    before.stop.abort();
    await before.end;
    const after = watching(one, { options, done });
    await after.clock.advance(2000);
    after.dns.answer = two;
    await after.clock.advance(2000);
    expect(before.hooks).toHaveLength(1);
    expect(after.hooks).toHaveLength(1);
    expect(after.hooks[0]).toMatch(`change: ${names2} `);
  });
});

describe("DNS that does not give the peers", () => {
  const waiting = (what: string) => `waiting for ${what}`;
  const unnamed = `my own SRV record: ${fqdn("galera-0")} is not among ${names("galera-1")}`;
  const servfail = `DNS: ${serviceFqdn}: 10.0.0.10:53: SERVFAIL`;

  test.each<[string, Answer, string]>([
    ["SERVFAIL", failure, servfail],
    ["NXDOMAIN", denial, `my own SRV record: ${serviceFqdn} does not exist (NXDOMAIN)`],
    ["an answer without me", answer("galera-1=10.0.0.2"), unnamed],
  ])("%s leaves everything as it was, and is said once", async (_, bad, what) => {
    const { clock, dns, hooks, kept, lines, sight: seen } = watching(one);
    await clock.advance(20_000);
    const before = { hooks: [...hooks], kept: [...kept], lines: [...lines], ...seen() };
    dns.answer = bad;
    await clock.advance(29_500);
    expect({ hooks, kept }).toEqual({ hooks: before.hooks, kept: before.kept });
    expect(seen()).toMatchObject({ set: before.set, problem: what });
    expect(before.answeredMs).toBeLessThanOrEqual(20_000);
    expect(clock.now() - (seen().answeredMs ?? 0)).toBeGreaterThan(29_000);
    dns.answer = one;
    await clock.advance(10_000);
    expect(hooks).toEqual(before.hooks);
    expect(seen()).toMatchObject({ problem: undefined });
    expect(lines.slice(before.lines.length)).toEqual([
      `warn: ${waiting(what)}; the peers stay as they were`,
      "info: DNS names the peers after 30 s",
    ]);
  });

  test("says each of its troubles once, however often they change", async () => {
    const { clock, dns, lines } = watching(one);
    await clock.advance(2000);
    for (let turn = 0; turn < 50; turn += 1) {
      dns.answer = turn % 2 === 0 ? failure : answer("galera-1=10.0.0.2");
      await clock.advance(1000);
    }
    expect(lines.filter((line) => line.startsWith("warn"))).toEqual([
      `warn: ${waiting(servfail)}; the peers stay as they were`,
      `warn: ${waiting(unnamed)}; the peers stay as they were`,
    ]);
  });

  test("at first is waited for", async () => {
    const { clock, dns, hooks, lines, sight: seen } = watching(failure);
    await clock.advance(4000);
    expect(seen()).toEqual({ set: undefined, answeredMs: undefined, problem: servfail });
    dns.answer = one;
    await clock.advance(1000);
    expect(hooks).toHaveLength(1);
    expect(lines.slice(0, 3)).toEqual([
      `info: ${waiting(servfail)}`,
      expect.stringMatching(/^info: DNS names the peers after 4\.\d s$/),
      `info: peers: ${name1}`,
    ]);
  });

  test("lacks an address that names a peer", async () => {
    const options = { addressType: "ipv4" } as const;
    const { clock, dns, hooks, kept, sight: seen } = watching(one, { options });
    await clock.advance(3000);
    dns.answer = answer("galera-0=10.0.0.1", "galera-1=fd00::2");
    await clock.advance(3000);
    expect([hooks.length, kept.length]).toEqual([1, 1]);
    expect(seen().problem).toBe(`an ipv4 address of ${fqdn("galera-1")}`);
    expect(seen().set?.peers).toHaveLength(2);
  });

  test("is a fault of this machine", async () => {
    let faults = 3;
    const { clock, hooks, lines } = watching(one, {
      look: async () => {
        faults -= 1;
        if (faults >= 0) throw new Error("no socket is left");
        return sight(one, me);
      },
    });
    await clock.advance(2000);
    expect(hooks).toHaveLength(1);
    expect(lines[0]).toBe("info: waiting for DNS: no socket is left");
  });
});

describe("galera.cnf", () => {
  test("is kept at the first answer, at each change, and once a minute", async () => {
    const { clock, dns, kept } = watching(one);
    await clock.advance(10_500);
    dns.answer = two;
    await clock.advance(1000);
    expect(kept).toEqual([name1, names2]);
    await clock.advance(121_000);
    expect(kept).toEqual([name1, names2, names2, names2]);
  });

  test("has the new peers before a hook is told of them", async () => {
    const { clock, dns, events } = watching(one);
    await clock.advance(5000);
    dns.answer = two;
    await clock.advance(1000);
    expect(events).toEqual(["kept", "hook", "kept", "hook"]);
  });

  test("that cannot be written is said once, tried again, and stops nothing", async () => {
    let why: string | undefined = "galera.cnf is on a read-only file system";
    const keepCnf = () => {
      if (why !== undefined) throw new Failure(exitCode.config, why);
    };
    const { clock, dns, kept, hooks, lines } = watching(one, { keepCnf });
    await clock.advance(20_000);
    expect(kept.length).toBeGreaterThanOrEqual(4);
    expect(kept.length).toBeLessThanOrEqual(6);
    dns.answer = two;
    await clock.advance(1000);
    expect(hooks).toHaveLength(2);
    why = "no space left to write galera.cnf";
    await clock.advance(3000);
    why = undefined;
    await clock.advance(10_000);
    const { length } = kept;
    await clock.advance(40_000);
    expect(kept).toHaveLength(length);
    expect(lines.filter((line) => line.startsWith("error"))).toEqual([
      "error: galera.cnf stays as it was: galera.cnf is on a read-only file system",
      "error: galera.cnf stays as it was: no space left to write galera.cnf",
    ]);
  });
});

describe("looks", () => {
  test("are counted where DNS was asked, with how long that took", async () => {
    const { clock, dns, looks, looked, look, stop } = watching(one);
    await clock.advance(10_000);
    dns.tookMs = 300;
    for (let ms = 0; ms < 5000; ms += 100) {
      void look(stop.signal);
      await clock.advance(100);
    }
    dns.answer = failure;
    await clock.advance(1000);
    expect(looked).toHaveLength(looks.length);
    expect(looked.slice(0, 3)).toEqual(["peers 0", "peers 0", "peers 0"]);
    expect(looked.at(-1)).toBe("awaiting 300");
  });

  test("of a start before do not undo what a newer one has seen", async () => {
    const { clock, dns, renew, hooks, stop, look } = watching(one);
    await clock.advance(5000);
    dns.tookMs = 3000;
    await clock.advance(1000); // one is under way now
    dns.tookMs = 0;
    dns.answer = two;
    renew();
    await look(stop.signal);
    await clock.advance(10_000);
    expect(hooks).toHaveLength(2);
    expect(hooks[1]).toMatch(`change: ${names2} `);
  });
});

describe("the end", () => {
  test("is the signal's reason, with nothing left on it", async () => {
    const { clock, stop, looks, end } = watching(one);
    await clock.advance(5000);
    const reason = new Error("ended by SIGTERM");
    stop.abort(reason);
    expect(await end).toBe(reason);
    expect(getEventListeners(stop.signal, "abort")).toEqual([]);
    const { length } = looks;
    await clock.advance(60_000);
    expect(looks).toHaveLength(length);
  });
});

test("100,000 looks and 20,000 hooks leave nothing behind", async () => {
  const clock = testClock();
  let count = 2;
  const query = createClient({
    ...{ servers: [{ host: "10.0.0.10", port: 53 }], tryMs: 1000, overallMs: 10_000, attempts: 2 },
    ...{ rotate: false, tcp: false, clock, randomId: () => 1 },
    udp: async (_server, _query, _accept, signal) => {
      signal.addEventListener("abort", () => {}, { once: true }); // as a real one
      const record = { port: 1, priority: 0, weight: 1 };
      const pods = Array.from({ length: count }, (_, n) => fqdn(`galera-${n}`));
      const srv = pods.map((target) => ({ target, ...record }));
      const addresses = new Map(pods.map((pod, n) => [pod, [`10.0.0.${n + 1}`]]));
      const [rcode, truncated, invalid, ttlS] = ["NOERROR", false, 0, 5] as const;
      return { rcode, truncated, invalid, ttlS, srv, addresses };
    },
  });
  const { stop, looks, hooks, events, inputs, looked, kept, end, ...watch } = watching(one, {
    look: createLook(query, me, "dns", true),
  });
  const run = async (seconds: number) => {
    for (let second = 0; second < seconds; second += 5) {
      count = 1 + ((second / 5) % 3);
      await watch.clock.advance(5000);
      for (const list of [looks, hooks, events, inputs, looked, kept, watch.lines]) list.length = 0;
    }
  };
  await run(5000);
  const before = heapMiB();
  await run(100_000);
  expect(heapMiB() - before).toBeLessThan(2);
  expect(getEventListeners(stop.signal, "abort").length).toBeLessThanOrEqual(2);
  stop.abort();
  await end;
}, 120_000);
