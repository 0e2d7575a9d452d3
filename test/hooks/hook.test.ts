import { getEventListeners } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  afterAll,
  afterEach,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from "vitest";
import { type HookInput, runHook } from "../../src/hooks/hook.js";
import { runProcess } from "../../src/system/processes.js";
import { living } from "../system/process-group.js";
import { testClock } from "../system/test-clock.js";

const scripts = join(import.meta.dirname, "../fixtures/hooks");
const directory = mkdtempSync(join(tmpdir(), "hooks-"));
let out: string;
let count = 0;

beforeEach(() => {
  out = join(directory, String(count++));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const peers = ["galera-0.galera.db.svc.cluster.local", "galera-1.galera.db.svc.cluster.local"];
const input: HookInput = { peers, self: peers[0] as string, podIp: undefined };

interface Options {
  readonly given?: Partial<HookInput>;
  readonly timeoutMs?: number;
  readonly hidden?: readonly string[];
}

/** A hook that runs; `command` begins with one of the scripts or is any command line. */
function start(command: string, { given, timeoutMs, ...rest }: Options = {}) {
  const clock = testClock();
  const stop = new AbortController();
  const ports = { runProcess, clock, signal: stop.signal, ...rest };
  const line = command.replace(/^\w+\.sh/, (script) => join(scripts, script));
  const end = runHook("on-start", line, { ...input, ...given }, timeoutMs, ports);
  end.catch(() => {}); // looked at later
  return { clock, stop, line, end };
}

function written(): string {
  return readFileSync(out, "utf8");
}

/** The process group that hang.sh noted, once it has. */
async function group(): Promise<number> {
  await expect.poll(() => existsSync(out)).toBe(true);
  return Number(written());
}

describe("what a hook is given", () => {
  test("the peers on standard input, one a line, the last one ended too", async () => {
    await start(`cat > ${out}`).end;
    expect(written()).toBe(`${peers.join("\n")}\n`);
  });

  test("nothing, where there are no peers", async () => {
    await start(`cat > ${out}`, { given: { peers: [] } }).end;
    expect(written()).toBe("");
  });

  test("a standard input that /dev/stdin opens", async () => {
    await start(`cat /dev/stdin > ${out}`).end;
    expect(written()).toBe(`${peers.join("\n")}\n`);
  });

  test("its arguments, with the shell's quotes and variables", async () => {
    await start(`record.sh ${out} 'two words' "$((1 + 1))" -x`).end;
    expect(written()).toContain("argument two words\nargument 2\nargument -x\n");
  });

  test("a command line of pipes and lists", async () => {
    await start(`grep -v galera-0 | tr a-z A-Z > ${out} && echo done >> ${out}`).end;
    expect(written()).toBe("GALERA-1.GALERA.DB.SVC.CLUSTER.LOCAL\ndone\n");
  });

  test("a script of several lines", async () => {
    await start(`while read -r peer; do\n  echo "<$peer>" >> ${out}\ndone\n# the end`).end;
    expect(written()).toBe(peers.map((peer) => `<${peer}>\n`).join(""));
  });

  test("no peer becomes part of what the shell reads", async () => {
    const shellText = ["$(touch x)", "`id`", "';id;'", '"', "a\\nb", "| tee x", "*", "-n", "$HOME"];
    await start(`record.sh ${out}`, { given: { peers: shellText, self: "$(id)", podIp: "`id`" } })
      .end;
    expect(written().split("\n").slice(4)).toEqual([...shellText, ""]);
    expect(written()).toContain("HOST_ADDRESS=$(id)\n");
    expect(written()).toContain("POD_IP=`id`\n");
  });

  test("5,000 peers", async () => {
    const many = Array.from({ length: 5000 }, (_, n) => `galera-${n}.galera.db.svc.cluster.local`);
    await start(`wc -l > ${out}`, { given: { peers: many } }).end;
    expect(written().trim()).toBe("5000");
  });
});

describe("variables as kmodules/peer-finder sets them", () => {
  test.each<[Partial<HookInput>, readonly string[]]>([
    [{ self: "galera-0.galera" }, ["galera-0.galera", "DNS", "", ""]],
    [{ self: "10.0.0.1", podIp: "10.0.0.1" }, ["10.0.0.1", "IPv4", "10.0.0.1", "IPv4"]],
    [{ self: "fd00::1", podIp: "fd00::1" }, ["fd00::1", "IPv6", "fd00::1", "IPv6"]],
    [
      { self: "10-0-0-1.galera", podIp: "10.0.0.1" },
      ["10-0-0-1.galera", "DNS", "10.0.0.1", "IPv4"],
    ],
  ])("%j", async (given, [address, type, podIp, podIpType]) => {
    await start(`record.sh ${out}`, { given: { ...given, peers: [] } }).end;
    expect(written()).toBe(
      `HOST_ADDRESS=${address}\nHOST_ADDRESS_TYPE=${type}\nPOD_IP=${podIp}\nPOD_IP_TYPE=${podIpType}\n`,
    );
  });
});

describe("variables of this process", () => {
  const secret = "a-key-that-nobody-else-may-know";
  beforeEach(() => {
    vi.stubEnv("GALERA_AGENT_KEY", secret);
    vi.stubEnv("GALERA_SERVICE", "galera");
  });
  afterEach(() => vi.unstubAllEnvs());

  test.each<[readonly string[], number, number]>([
    [[], 1, 1],
    [["GALERA_AGENT_KEY", "NOT_SET"], 0, 1],
    [["GALERA_AGENT_KEY", "GALERA_SERVICE"], 0, 0],
  ])("pass to the hook, but for %j", async (hidden, key, service) => {
    await start(`env > ${out}`, { hidden }).end;
    const count = (line: string) =>
      written()
        .split("\n")
        .filter((one) => one === line).length;
    expect(count(`GALERA_AGENT_KEY=${secret}`)).toBe(key);
    expect(count("GALERA_SERVICE=galera")).toBe(service);
    expect(written()).not.toContain("NOT_SET");
    expect(written()).toContain(`HOST_ADDRESS=${peers[0]}\n`);
  });
});

test("no shell reads the account's ~/.bashrc", async () => {
  const home = join(directory, "home");
  mkdirSync(home);
  writeFileSync(join(home, ".bashrc"), `echo read > ${out}.bashrc`);
  vi.stubEnv("HOME", home);
  onTestFinished(() => void vi.unstubAllEnvs());
  await start(`echo $HOME > ${out}`, { hidden: ["SHLVL"] }).end;
  expect(written()).toBe(`${home}\n`);
  expect(existsSync(`${out}.bashrc`)).toBe(false);
});

describe("a hook that does not read its standard input is fine", () => {
  const many = Array.from({ length: 20_000 }, (_, n) => `galera-${n}.galera.db.svc.cluster.local`);

  test.each(["true", "exec <&-; true", "head -n 1 > /dev/null", "exec true"])(
    "%s",
    async (command) => {
      await expect(start(command, { given: { peers: many } }).end).resolves.toBeUndefined();
    },
  );
});

describe("a failure is the hook's own code", () => {
  test.each([
    ["exit 1", 1, "failed (1)"],
    ["exit 77", 77, "failed (77)"],
    ["exit 255", 255, "failed (255)"],
    ["true | exit 3", 3, "failed (3)"],
    ["exit 3 | true", 0, ""],
    ["/no/such/hook", 127, "failed (127)"],
    ["/etc/passwd", 126, "failed (126)"],
    ["die.sh KILL", 137, "was ended by SIGKILL"],
    ["die.sh TERM", 143, "was ended by SIGTERM"],
    ["die.sh SEGV", 139, "was ended by SIGSEGV"],
    ["if", 2, "failed (2)"],
  ])("%s", async (command, exitCode, how) => {
    const { line, end } = start(command);
    if (exitCode === 0) return expect(end).resolves.toBeUndefined();
    await expect(end).rejects.toMatchObject({
      exitCode,
      message: `the on-start hook ${how}: ${line}`,
    });
  });
});

describe("a hook that hangs", () => {
  test.each(["hang.sh", "stubborn.sh"])(
    "%s is ended by --hook-timeout with 124, and its whole process group",
    async (script) => {
      const { clock, end } = start(`${script} ${out} | cat`, { timeoutMs: 30_000 });
      const hook = await group();
      await clock.advance(29_999);
      expect(living(hook)).not.toEqual([]);
      await clock.advance(1);
      await expect(end).rejects.toMatchObject({
        exitCode: 124,
        message: "the on-start hook ran longer than 30 s (--hook-timeout)",
      });
      await expect.poll(() => living(hook)).toEqual([]);
    },
  );

  test.each(["hang.sh", "stubborn.sh"])(
    "%s is ended within a second where a signal ends us, and its whole process group",
    async (script) => {
      const { stop, end } = start(`${script} ${out} | cat`);
      const hook = await group();
      const reason = new Error("ended by SIGTERM");
      const aborted = performance.now();
      stop.abort(reason);
      await expect(end).rejects.toBe(reason);
      expect(performance.now() - aborted).toBeLessThan(1000);
      await expect.poll(() => living(hook)).toEqual([]);
    },
  );

  test("has the time to tidy up, also behind a pipe", async () => {
    const { stop, end } = start(`graceful.sh ${out} | cat`);
    await expect.poll(() => existsSync(out) && written()).toBe("ready\n");
    stop.abort(new Error("ended by SIGTERM"));
    await expect(end).rejects.toThrow("ended by SIGTERM");
    expect(written()).toBe("tidied\n");
  });

  test("leaves nothing on the signal, however it has ended", async () => {
    for (const command of ["true", "exit 3", "/no/such/hook"]) {
      const { stop, end } = start(command, { timeoutMs: 30_000 });
      await end.catch(() => {});
      expect(getEventListeners(stop.signal, "abort"), command).toEqual([]);
    }
  });

  test("does not begin once we have ended", async () => {
    const ports = { runProcess, clock: testClock(), signal: AbortSignal.abort(new Error("ended")) };
    const end = runHook("on-change", `touch ${out}`, input, undefined, ports);
    await expect(end).rejects.toThrow("ended");
    expect(existsSync(out)).toBe(false);
  });
});
