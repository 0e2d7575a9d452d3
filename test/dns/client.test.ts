import { describe, expect, test } from "vitest";
import { type ClientOptions, createClient } from "../../src/dns/client.js";
import type { Server } from "../../src/dns/lookup.js";
import { testClock } from "../system/test-clock.js";
import { flags, message, opt, type Parts, service, soa, srv } from "./replies.js";

/** What a server does with a query: a reply, silence, or an error of the system. */
type Script = Parts | "silence" | "garbage" | Error;

const answer: Parts = { answers: [srv("a.example")] };
const denial: Parts = { flags: flags.nxdomain, authorities: [soa(5, 5)] };

/** A client of scripted servers 10.0.0.1, 10.0.0.2, …; each query takes the server's next script. */
function client(scripts: readonly (readonly Script[])[], options: Partial<ClientOptions> = {}) {
  const clock = testClock();
  const asked: string[] = [];
  const turns = scripts.map((list) => [...list]);
  let id = 0;
  const query = createClient({
    servers: scripts.map((_, index): Server => ({ host: `10.0.0.${index + 1}`, port: 53 })),
    ...{ tryMs: 1000, overallMs: 10_000, attempts: 1, rotate: false, tcp: false, clock },
    randomId: () => ++id,
    udp: ({ host }, _query, accept, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        asked.push(`${host} at ${clock.now()}`);
        signal.addEventListener("abort", () => reject(signal.reason));
        const script = turns[Number(host.split(".")[3]) - 1]?.shift() ?? "silence";
        if (script === "silence") return;
        if (script instanceof Error) return reject(script);
        const bytes = script === "garbage" ? Buffer.from("garbage") : message({ id, ...script });
        const reply = accept(bytes);
        if (reply !== undefined) resolve(reply);
      }),
    ...options,
  });
  const lookUp = (signal = new AbortController().signal) => query(service, "SRV", signal);
  return { clock, asked, lookUp };
}

/** The outcome, after as much time as it takes. */
async function outcome({ clock, lookUp }: ReturnType<typeof client>) {
  const found = lookUp();
  await clock.advance(60_000);
  return found;
}

describe("outcomes", () => {
  test.each<[string, Script, object]>([
    ["an answer", answer, { kind: "answer", ttlS: 5, value: { srv: [{ target: "a.example" }] } }],
    ["no such name", denial, { kind: "empty", why: "nxdomain", ttlS: 5 }],
    ["no such record", { authorities: [soa(7, 9)] }, { kind: "empty", why: "nodata", ttlS: 7 }],
    ["no service here", { answers: [srv(".")] }, { kind: "empty", why: "nodata" }],
    ["silence", "silence", { kind: "failed", why: "timeout", detail: "10.0.0.1:53: no answer" }],
    [
      "an error of the system",
      new Error("ENETUNREACH"),
      { kind: "failed", why: "unreachable", detail: "10.0.0.1:53: ENETUNREACH" },
    ],
    [
      "SERVFAIL",
      { flags: flags.servfail },
      { kind: "failed", why: "servfail", detail: "10.0.0.1:53: SERVFAIL" },
    ],
    [
      "REFUSED",
      { flags: flags.refused },
      { kind: "failed", why: "refused", detail: "10.0.0.1:53: REFUSED" },
    ],
    [
      "FORMERR",
      { flags: flags.formerr },
      { kind: "failed", why: "malformed", detail: "10.0.0.1:53: FORMERR" },
    ],
    ["BADVERS", { additionals: [opt(1)] }, { kind: "failed", why: "malformed" }],
    ["garbage alone", "garbage", { kind: "failed", why: "malformed" }],
    [
      "a foreign id alone",
      { id: 9 },
      { kind: "failed", why: "malformed", detail: "10.0.0.1:53: a reply with a foreign id" },
    ],
    [
      "a target that no host can be named, beside a good one",
      { answers: [srv("a.example"), srv("$(reboot)")] },
      {
        kind: "failed",
        why: "malformed",
        detail: "10.0.0.1:53: an SRV target that is no host's name",
      },
    ],
  ])("%s", async (_, script, expected) => {
    expect(await outcome(client([[script]]))).toMatchObject(expected);
  });

  test("without a server there is nobody to ask", async () => {
    expect(await outcome(client([]))).toMatchObject({ kind: "failed", why: "timeout" });
  });
});

describe("the next server is asked", () => {
  test.each<[string, Script, number]>([
    ["after SERVFAIL", { flags: flags.servfail }, 0],
    ["after REFUSED", { flags: flags.refused }, 0],
    ["after FORMERR", { flags: flags.formerr }, 0],
    ["after a refusal by ICMP", new Error("read ECONNREFUSED"), 0],
    ["after a time-out", "silence", 1000],
    ["after nothing but garbage", "garbage", 1000],
    ["after a foreign id", { id: 9 }, 1000],
    ["after a target that is no name", { answers: [srv("a;b")] }, 0],
  ])("%s", async (_, script, atMs) => {
    const dns = client([[script], [answer]]);
    expect(await outcome(dns)).toMatchObject({ kind: "answer" });
    expect(dns.asked).toEqual(["10.0.0.1 at 0", `10.0.0.2 at ${atMs}`]);
  });

  test.each<[string, Script]>([
    ["an answer", answer],
    ["a denial", denial],
    ["no data", {}],
  ])("not after %s", async (_, script) => {
    const dns = client([[script], [answer]]);
    await outcome(dns);
    expect(dns.asked).toEqual(["10.0.0.1 at 0"]);
  });
});

describe("tries", () => {
  test("all servers in turn, as often as attempts say", async () => {
    const dns = client([[], []], { attempts: 2 });
    expect(await outcome(dns)).toMatchObject({
      why: "timeout",
      detail: "10.0.0.1:53: no answer; 10.0.0.2:53: no answer",
    });
    expect(dns.asked).toEqual([
      "10.0.0.1 at 0",
      "10.0.0.2 at 1000",
      "10.0.0.1 at 2000",
      "10.0.0.2 at 3000",
    ]);
  });

  test("end with the time for all of them, the last one cut short", async () => {
    const dns = client([[], []], { attempts: 5, tryMs: 400, overallMs: 1000 });
    const found = dns.lookUp();
    await dns.clock.advance(1000);
    expect(await found).toMatchObject({ kind: "failed", why: "timeout" });
    expect(dns.asked).toEqual(["10.0.0.1 at 0", "10.0.0.2 at 400", "10.0.0.1 at 800"]);
  });

  test("each have a query id of their own", async () => {
    const ids: number[] = [];
    const record: ClientOptions["udp"] = async (_server, query) => {
      ids.push(Buffer.from(query).readUInt16BE(0));
      throw new Error("unreachable");
    };
    let id = 40;
    await outcome(client([[], []], { attempts: 2, udp: record, randomId: () => ++id }));
    expect(ids).toEqual([41, 42, 43, 44]);
  });

  test("rotate begins with another server each time", async () => {
    const dns = client([[], [], []], { rotate: true });
    for (let n = 0; n < 4; n += 1) await outcome(dns);
    const firsts = dns.asked.filter((_, index) => index % 3 === 0);
    expect(firsts.map((line) => line.split(" ")[0])).toEqual([
      "10.0.0.2",
      "10.0.0.3",
      "10.0.0.1",
      "10.0.0.2",
    ]);
  });
});

describe("a signal ends a look-up with its reason", () => {
  const reason = new Error("ended by SIGTERM");

  test("before it begins: nobody is asked", async () => {
    const dns = client([[answer]]);
    await expect(dns.lookUp(AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(dns.asked).toEqual([]);
  });

  test("while it waits: no other server is asked", async () => {
    const dns = client([[], [answer]], { attempts: 3 });
    const stop = new AbortController();
    const found = dns.lookUp(stop.signal);
    await dns.clock.advance(500);
    stop.abort(reason);
    await expect(found).rejects.toBe(reason);
    expect(dns.asked).toEqual(["10.0.0.1 at 0"]);
  });
});
