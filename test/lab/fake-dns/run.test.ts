import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { FakeDnsOptions } from "../../../src/lab/fake-dns/options.js";
import { runFakeDns } from "../../../src/lab/fake-dns/run.js";
import { type Clock, systemClock } from "../../../src/system/clock.js";
import { testClock } from "../../system/test-clock.js";
import { askUdp, query, read } from "./ask.js";

const service = "galera.galera.svc.cluster.local";
let logged: string[];
let written: string[];
let stop: AbortController;
let ended: Promise<number> | undefined;

beforeEach(() => {
  logged = [];
  written = [];
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await ended;
});

/** Runs the command and waits for its line; gives its address as the line says it. */
async function run(options: Partial<FakeDnsOptions>, clock: Clock = systemClock) {
  ended = runFakeDns(
    { members: [], listen: "127.0.0.1:0", ...options },
    {
      clock,
      log: (_, message) => logged.push(message),
      write: (line) => written.push(line),
      signal: stop.signal,
    },
  );
  await Promise.race([ended, expect.poll(() => written).toHaveLength(1)]);
  const [, host = "", port = ""] =
    /listens on (\S+):(\d+); try: dig @/.exec(written[0] ?? "") ?? [];
  return { host, port: Number(port) };
}

async function members(server: { host: string; port: number }): Promise<string> {
  const { answers = [], rcode } = read(await askUdp(server, query("A", service)));
  const data = answers.map((record) => ("data" in record ? String(record.data) : ""));
  return rcode === "NOERROR" ? data.join(" ") : rcode;
}

test("one line to wait for, with a command to paste; ends with 0 on the signal", async () => {
  const { port } = await run({ members: ["galera-0=127.0.7.1"] });
  expect(written).toEqual([
    `fake-dns listens on 127.0.0.1:${port}; try: dig @127.0.0.1 -p ${port} SRV ${service}`,
  ]);
  stop.abort();
  expect(await ended).toBe(0);
});

test("a signal before the start ends it too", async () => {
  stop.abort();
  await run({ members: ["galera-0=127.0.7.1"] });
  expect(await ended).toBe(0);
  expect(written).toEqual([]);
});

test("the timeline: members and faults come and go when the clock says so", async () => {
  const clock = testClock();
  const server = await run(
    {
      members: ["galera-0=127.0.7.1", "galera-1=127.0.7.2"],
      at: [
        "-8s galera-0",
        "+2s galera-1",
        "+3s servfail",
        "-4s servfail",
        "+9s galera-2=127.0.7.3",
      ],
    },
    clock,
  );
  const seen = [await members(server)];
  for (const ms of [1999, 1, 1000, 1000, 4000, 1000]) {
    await clock.advance(ms);
    seen.push(await members(server));
  }
  expect(seen).toEqual([
    "127.0.7.1",
    "127.0.7.1",
    "127.0.7.1 127.0.7.2",
    "SERVFAIL",
    "127.0.7.1 127.0.7.2",
    "127.0.7.2",
    "127.0.7.2 127.0.7.3",
  ]);
  expect(logged).toEqual([
    "DNS members: +galera-1=127.0.7.2; now galera-0 galera-1",
    "DNS faults: servfail",
    "DNS faults: none",
    "DNS members: -galera-0=127.0.7.1; now galera-1",
    "DNS members: +galera-2=127.0.7.3; now galera-1 galera-2",
  ]);
});

test("a port in use and wrong options end it at once", async () => {
  const { port } = await run({});
  const ports = { clock: systemClock, log: () => {}, write: () => {}, signal: stop.signal };
  const again = (listen: string) => runFakeDns({ members: [], listen }, ports);
  await expect(again(`127.0.0.1:${port}`)).rejects.toMatchObject({ exitCode: 78 });
  await expect(again("nowhere")).rejects.toMatchObject({ exitCode: 78 });
});

/** Where notifications do not work, a change shows after half a second. */
const patience = { timeout: 4000 };

describe("a watched file", () => {
  let directory: string;
  let file: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "fake-dns-"));
    file = join(directory, "zone.ini");
  });
  afterEach(() => rm(directory, { recursive: true }));

  const zone = (...ordinals: number[]) =>
    ["[members]", ...ordinals.map((n) => `galera-${n} = 127.0.7.${n + 1}`), ""].join("\n");

  test("is read again when it is written in place, renamed over or removed", async () => {
    await writeFile(file, zone(0));
    const server = await run({ file });
    expect(await members(server)).toBe("127.0.7.1");

    await writeFile(file, zone(0, 1));
    await expect.poll(() => members(server), patience).toBe("127.0.7.1 127.0.7.2");

    await writeFile(`${file}.new`, zone(1));
    await rename(`${file}.new`, file);
    await expect.poll(() => members(server), patience).toBe("127.0.7.2");

    await rm(file);
    await expect.poll(() => logged, patience).toHaveLength(3);
    expect(logged[2]).toBe(`${file}: no such file; the DNS members stay as they were`);
    expect(await members(server)).toBe("127.0.7.2");

    await writeFile(file, zone(2));
    await expect.poll(() => members(server), patience).toBe("127.0.7.3");
  });

  test("with garbage in it, keeps the last good state and says where the first problem is", async () => {
    await writeFile(file, zone(0));
    const server = await run({ file });
    await writeFile(file, "[members]\ngalera-0 = nowhere\nwhat is this\n");
    await expect.poll(() => logged, patience).toHaveLength(1);
    expect(logged[0]).toBe(
      `${file}:2: galera-0: "nowhere" is not an IP address (and 1 more); the DNS members stay as they were`,
    );
    expect(await members(server)).toBe("127.0.7.1");
  });

  test("sets faults and the service; flags have the last word on the service", async () => {
    await writeFile(file, `service = db\n${zone(0)}`);
    const server = await run({ file, service: "galera", servfail: true });
    expect(await members(server)).toBe("SERVFAIL");
    await writeFile(file, `service = db\nttl = 9\n${zone(0)}[faults]\nservfail = false\n`);
    await expect.poll(() => members(server), patience).toBe("127.0.7.1");
  });

  test("that cannot be read at first is a failure that names file and line", async () => {
    const ports = { clock: systemClock, log: () => {}, write: () => {}, signal: stop.signal };
    const start = () => runFakeDns({ members: [], file }, ports);
    await expect(start()).rejects.toMatchObject({ exitCode: 65, message: `${file}: no such file` });
    await writeFile(file, "[members]\ngalera-0\n");
    await expect(start()).rejects.toMatchObject({
      exitCode: 65,
      message: `${file}:2: galera-0: "" is not an IP address`,
    });
    await writeFile(file, Array.from({ length: 500 }, (_, n) => `word ${n}`).join("\n"));
    await expect(start()).rejects.toThrow(/word 9: no such setting\nand 490 more$/);
  });
});
