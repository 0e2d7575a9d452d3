import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createProgressWatch, fingerprint } from "../../src/agent/progress.js";
import { systemClock } from "../../src/system/clock.js";
import { testClock } from "../system/test-clock.js";
import { scratch } from "./members.js";

/** A datadir with one table, and its path. */
function datadir(): string {
  const path = scratch();
  mkdirSync(join(path, "db"));
  writeFileSync(join(path, "db", "t.ibd"), "pages");
  writeFileSync(join(path, "ib_logfile0"), "log");
  return path;
}

/** A file's time of change has the kernel's ticks. */
const tick = () => systemClock.sleep(15);

describe("a datadir's fingerprint", () => {
  test("stays as long as nothing changes", async () => {
    const path = datadir();
    expect(await fingerprint(path)).toBe(await fingerprint(path));
  });

  test.each<[string, (path: string) => void]>([
    ["a file grows", (path) => appendFileSync(join(path, "db", "t.ibd"), "more")],
    ["a page is written in place", (path) => writeFileSync(join(path, "db", "t.ibd"), "PAGES")],
    ["a file is cut off", (path) => truncateSync(join(path, "db", "t.ibd"), 1)],
    ["a file comes", (path) => writeFileSync(join(path, "grastate.dat"), "")],
    ["a file goes", (path) => rmSync(join(path, "db", "t.ibd"))],
    ["a database comes", (path) => mkdirSync(join(path, "other"))],
    [
      "a file is moved out of mariabackup's directory",
      (path) => renameSync(join(path, "db", "t.ibd"), join(path, "t.ibd")),
    ],
    [
      "a file of mariabackup's grows",
      (path) => {
        mkdirSync(join(path, ".sst", "db"), { recursive: true });
        appendFileSync(join(path, ".sst", "db", "t.ibd"), "more");
      },
    ],
    [
      "a file gets an older time, as rsync gives it the donor's",
      (path) => utimesSync(join(path, "db", "t.ibd"), 1, 1),
    ],
  ])("changes when %s", async (_, change) => {
    const path = datadir();
    const before = await fingerprint(path);
    await tick();
    change(path);
    expect(await fingerprint(path)).not.toBe(before);
  });

  test("does not tell of the files of this program", async () => {
    const path = datadir();
    writeFileSync(join(path, "galera-peers.ledger.log"), "one");
    const before = await fingerprint(path);
    await tick();
    writeFileSync(join(path, "galera-peers.ledger.log"), "another one");
    expect(await fingerprint(path)).toBe(before);
  });

  test("follows a database that is a link to elsewhere, and no further", async () => {
    const [path, elsewhere, further] = [datadir(), datadir(), scratch()];
    symlinkSync(elsewhere, join(path, "linked"));
    symlinkSync(further, join(elsewhere, "further"));
    symlinkSync(path, join(elsewhere, "back"));
    symlinkSync(path, join(path, "itself"));
    symlinkSync("/no/such/place", join(path, "broken"));
    writeFileSync(join(further, "file"), "");
    const before = await fingerprint(path);
    await tick();
    writeFileSync(join(further, "file"), "longer");
    expect(await fingerprint(path)).toBe(before);
    writeFileSync(join(elsewhere, "t.ibd"), "pages");
    expect(await fingerprint(path)).not.toBe(before);
  });

  test("of a datadir that is not there, or a link itself", async () => {
    const path = datadir();
    const link = join(scratch(), "link");
    symlinkSync(path, link);
    expect(await fingerprint(link)).toBe(await fingerprint(path));
    expect(await fingerprint("/no/such/place")).toBe("0 0 0");
    expect(await fingerprint(join(path, "ib_logfile0"))).toBe("0 0 0");
  });

  test.runIf(process.getuid?.() === 0)("without what is not ours to read", async () => {
    const path = datadir();
    mkdirSync(join(path, "lost+found"));
    writeFileSync(join(path, "lost+found", "file"), "");
    chmodSync(join(path, "lost+found"), 0o700);
    chmodSync(path, 0o755);
    process.seteuid?.(65_534);
    onTestFinished(() => void process.seteuid?.(0));
    const before = await fingerprint(path);
    process.seteuid?.(0);
    await tick();
    appendFileSync(join(path, "db", "t.ibd"), "more");
    process.seteuid?.(65_534);
    expect(before).toMatch(/^4 /); // db, its table, the log, lost+found
    expect(await fingerprint(path)).not.toBe(before);
  });

  test("of 20,000 files holds nobody up, and leaves nothing open", async () => {
    const path = datadir();
    execFileSync("sh", ["-c", "seq -f t%g.ibd 20000 | xargs touch"], { cwd: join(path, "db") });
    const open = () => readdirSync("/proc/self/fd").length;
    const before = open();
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    const found = await fingerprint(path);
    clearInterval(timer);
    expect(found).toMatch(/^20003 /);
    expect(turns).toBeGreaterThan(50);
    expect(open()).toBe(before);
  }, 30_000);
});

/** Who counts with no walk. */
const nobody = () => undefined;

describe("the watch", () => {
  /** One whose datadir is what a test says, and whose walks end when it says so. */
  function watched() {
    const clock = testClock();
    const walks: ((found: string) => void)[] = [];
    const walk = () => new Promise<string>((found) => walks.push(found));
    const watch = createProgressWatch("/var/lib/mysql", clock, nobody, walk);
    const end = async (found: string) => {
      walks.at(-1)?.(found);
      await clock.advance(0);
    };
    return { clock, watch, walks, end };
  }

  test("knows a change from the second look on", async () => {
    const { clock, watch, end } = watched();
    watch.look();
    await end("a");
    expect(watch.changedMs()).toBeUndefined();
    await clock.advance(2000);
    watch.look();
    await end("a");
    expect(watch.changedMs()).toBeUndefined();
    await clock.advance(2000);
    watch.look();
    await end("b");
    expect(watch.changedMs()).toBe(4000);
    await clock.advance(2000);
    watch.look();
    await end("b");
    expect(watch.changedMs()).toBe(4000);
  });

  describe("says that a server which is about to end hangs", () => {
    /** One that is looked at for so long, by walks of so many seconds. */
    async function ending(forS: number, walkS: number, found: (s: number) => string) {
      const one = watched();
      let hungS: number | undefined;
      for (let s = 0; s < forS; s += 1) {
        const before = one.walks.length;
        one.watch.look();
        if (one.walks.length > before) {
          await one.clock.advance(walkS * 1000);
          await one.end(found(one.clock.now()));
        }
        await one.clock.advance(1000);
        if (one.watch.hangs(0)) hungS ??= one.clock.now() / 1000;
      }
      return hungS;
    }

    test("once nothing has changed for a minute", async () => {
      const hungS = await ending(100, 0, (ms) => (ms < 30_000 ? `${ms}` : "the same"));
      expect(hungS).toBeGreaterThanOrEqual(90);
      expect(hungS).toBeLessThanOrEqual(94);
    });

    test("not while it writes, however long a walk takes", async () => {
      expect(await ending(500, 6, (ms) => `${ms}`)).toBeUndefined();
    });

    test("not before anybody has looked", async () => {
      const { clock, watch } = watched();
      await clock.advance(599_999);
      expect(watch.hangs(0)).toBe(false);
    });

    test("after ten minutes, whatever changes", async () => {
      expect(await ending(700, 0, (ms) => `${ms}`)).toBe(600);
    });
  });

  test("looks every 2 s at most, however often it is asked", async () => {
    const { clock, watch, walks, end } = watched();
    for (let ms = 0; ms < 10_000; ms += 100) {
      watch.look();
      await end("a");
      await clock.advance(100);
    }
    expect(walks).toHaveLength(5);
  });

  test("never walks twice at once: a disk that hangs shows no progress", async () => {
    const { clock, watch, walks } = watched();
    for (let ms = 0; ms < 100_000; ms += 1000) {
      watch.look();
      await clock.advance(1000);
    }
    expect(walks).toHaveLength(1);
    expect(watch.changedMs()).toBeUndefined();
  });

  test("takes a twentieth of the time for a walk that is long", async () => {
    const { clock, watch, walks, end } = watched();
    watch.look();
    await clock.advance(3000);
    await end("a");
    await clock.advance(59_999);
    watch.look();
    expect(walks).toHaveLength(1);
    await clock.advance(1);
    watch.look();
    expect(walks).toHaveLength(2);
  });

  test("begins anew with another start", async () => {
    const { clock, watch, end } = watched();
    for (const found of ["a", "b"]) {
      watch.look();
      await end(found);
      await clock.advance(2000);
    }
    expect(watch.changedMs()).toBe(2000);
    watch.forget();
    expect(watch.changedMs()).toBeUndefined();
    watch.look();
    await end("c");
    expect(watch.changedMs()).toBeUndefined();
  });

  test("on a real datadir", async () => {
    const path = datadir();
    const clock = testClock();
    const watch = createProgressWatch(path, clock, nobody);
    await expect
      .poll(async () => {
        await clock.advance(3000);
        watch.look();
        appendFileSync(join(path, "db", "t.ibd"), "more");
        return watch.changedMs();
      })
      .toBeGreaterThan(0);
  });
});
