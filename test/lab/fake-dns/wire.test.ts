import { encode } from "dns-packet";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { noFaults } from "../../../src/lab/fake-dns/faults.js";
import { respond } from "../../../src/lab/fake-dns/respond.js";
import { initialState } from "../../../src/lab/fake-dns/state.js";
import { defaultIdentity, type Member } from "../../../src/lab/fake-dns/zone.js";
import { query, read } from "./ask.js";

const service = "galera.galera.svc.cluster.local";

function galera(count: number): Member[] {
  return Array.from({ length: count }, (_, n) => ({
    name: `galera-${n}`,
    addresses: [`127.0.${n >> 8}.${n & 255}`],
  }));
}

/** The bytes that go back, or undefined for silence. */
function reply(bytes: Buffer, members = galera(3), transport: "udp" | "tcp" = "udp") {
  const response = respond(
    initialState(defaultIdentity, members, noFaults),
    0,
    1,
    bytes,
    transport,
  );
  return response.kind === "send" ? response.bytes : undefined;
}

function answered(...parameters: Parameters<typeof reply>) {
  const bytes = reply(...parameters);
  if (bytes === undefined) throw new Error("no answer");
  return { bytes, packet: read(bytes) };
}

test("the header answers the question: id, RD, authoritative, no recursion", () => {
  const { packet } = answered(query("A", service, { id: 0xbeef }));
  expect(packet).toMatchObject({ id: 0xbeef, rcode: "NOERROR", type: "response" });
  expect(packet).toMatchObject({ flag_rd: true, flag_aa: true, flag_ra: false, flag_tc: false });
});

test("the question comes back byte for byte, whatever its case", () => {
  const asked = query("A", "gALERa-0.galera.GALERA.svc.cluster.local");
  const { bytes, packet } = answered(asked);
  expect(bytes.subarray(12, asked.length)).toEqual(asked.subarray(12));
  expect(packet.answers?.[0]).toMatchObject({
    name: "gALERa-0.galera.GALERA.svc.cluster.local",
    data: "127.0.0.0",
  });
});

test("a question of bytes that are no text comes back as it was", () => {
  const asked = query("A", `xxxx.${service}`);
  asked.set([0xff, 0x00, 0xc3, 0x2e], 13);
  const { bytes, packet } = answered(asked);
  expect(packet.rcode).toBe("NXDOMAIN");
  expect(bytes.subarray(12, asked.length)).toEqual(asked.subarray(12));
});

describe("size", () => {
  test("owner names are compressed, SRV targets are not", () => {
    const asked = query("SRV", service, { edns: 4096 });
    const { bytes, packet } = answered(asked);
    const target = `galera-0.${service}`.length + 2;
    expect(bytes).toHaveLength(asked.length + 12 * (2 + 10 + 6 + target) + 3 * (2 + 10 + 4));
    expect(packet.answers).toHaveLength(12);
    expect(packet.additionals?.map(({ name }) => name)).toEqual([
      `galera-0.${service}`,
      `galera-1.${service}`,
      `galera-2.${service}`,
      ".",
    ]);
  });

  test.each<[string, number | undefined, "udp" | "tcp", number, number, boolean]>([
    ["512 without EDNS", undefined, "udp", 512, 7, true],
    ["512 if EDNS says less", 100, "udp", 512, 7, true],
    ["what EDNS says", 700, "udp", 700, 10, true],
    ["large enough", 1232, "udp", 1232, 12, false],
    ["TCP", undefined, "tcp", 65_535, 12, false],
  ])("%s", (_, edns, transport, limit, answers, truncated) => {
    const options = edns === undefined ? {} : { edns };
    const { bytes, packet } = answered(query("SRV", service, options), galera(3), transport);
    expect(bytes.length).toBeLessThanOrEqual(limit);
    expect(packet.answers).toHaveLength(answers);
    expect(packet.flag_tc).toBe(truncated);
  });

  test("glue that does not fit is left out, and TC says so", () => {
    const whole = answered(query("SRV", service, { edns: 4096 })).bytes.length;
    const { packet } = answered(query("SRV", service, { edns: whole - 1 }));
    expect(packet.flag_tc).toBe(true);
    expect(packet.answers).toHaveLength(12);
    expect(packet.additionals?.map(({ type }) => type)).toEqual(["A", "A", "OPT"]);
  });

  test("more than TCP can carry is truncated too", () => {
    const { bytes, packet } = answered(query("SRV", service), galera(2000), "tcp");
    expect(bytes.length).toBeLessThanOrEqual(65_535);
    expect(packet.flag_tc).toBe(true);
    expect(packet.answers?.length).toBeGreaterThan(800);
  });

  test("any answer of any size decodes to a beginning of the whole", () => {
    const whole = answered(query("SRV", service), galera(40), "tcp").packet;
    fc.assert(
      fc.property(fc.integer({ min: 512, max: 20_000 }), (edns) => {
        const { bytes, packet } = answered(query("SRV", service, { edns }), galera(40));
        expect(bytes.length).toBeLessThanOrEqual(edns);
        const kept = packet.answers?.length ?? 0;
        expect(packet.answers).toEqual(whole.answers?.slice(0, kept));
        expect(packet.flag_tc).toBe(packet.additionals?.length !== 41);
      }),
      { numRuns: 50 },
    );
  });
});

describe("EDNS", () => {
  test("comes back with the size that was asked with", () => {
    const { packet } = answered(query("A", service, { edns: 1400 }));
    expect(packet.additionals).toMatchObject([{ type: "OPT", udpPayloadSize: 1400 }]);
  });

  test("does not come back where it was not sent", () => {
    expect(answered(query("A", service)).packet.additionals).toEqual([]);
  });

  test("of another version is BADVERS", () => {
    const { packet } = answered(query("A", service, { edns: 1400, ednsVersion: 1 }));
    expect(packet.additionals).toMatchObject([{ type: "OPT", extendedRcode: 1, ednsVersion: 0 }]);
    expect(packet).toMatchObject({ rcode: "NOERROR", answers: [] });
  });
});

describe("what is no query", () => {
  const asked = query("A", service);
  const changed = (change: (bytes: Buffer) => void) => {
    const bytes = Buffer.from(asked);
    change(bytes);
    return bytes;
  };
  const twoQuestions = encode({
    type: "query",
    questions: [
      { type: "A", name: service },
      { type: "A", name: service },
    ],
  });

  test.each<[string, Buffer, string]>([
    ["a header alone", asked.subarray(0, 12), "FORMERR"],
    ["a name cut off", asked.subarray(0, 20), "FORMERR"],
    ["no type", asked.subarray(0, -4), "FORMERR"],
    ["no question", changed((bytes) => bytes.writeUInt16BE(0, 4)), "FORMERR"],
    ["two questions", twoQuestions, "FORMERR"],
    ["65,535 questions", changed((bytes) => bytes.writeUInt16BE(65_535, 4)), "FORMERR"],
    [
      "an additional record that is not there",
      changed((bytes) => bytes.writeUInt16BE(1, 10)),
      "FORMERR",
    ],
    [
      "a name that points to itself",
      changed((bytes) => bytes.writeUInt16BE(0xc00c, 12)),
      "FORMERR",
    ],
    [
      "a name that points into the header",
      changed((bytes) => bytes.writeUInt16BE(0xc000, 12)),
      "FORMERR",
    ],
    ["STATUS", changed((bytes) => bytes.writeUInt16BE(0x1100, 2)), "NOTIMP"],
    ["NOTIFY", changed((bytes) => bytes.writeUInt16BE(0x2000, 2)), "NOTIMP"],
  ])("%s", (_, bytes, code) => {
    const { packet } = answered(bytes);
    expect(packet).toMatchObject({ id: bytes.readUInt16BE(0), rcode: code, answers: [] });
  });

  test.each<[string, Buffer]>([
    ["nothing", Buffer.alloc(0)],
    ["less than a header", asked.subarray(0, 11)],
    ["a response", changed((bytes) => bytes.writeUInt16BE(0x8180, 2))],
  ])("no answer: %s", (_, bytes) => {
    expect(reply(bytes)).toBeUndefined();
  });

  test("garbage and mutated queries get an answer that can be read, or none", () => {
    const mutated = fc
      .tuple(
        fc.constantFrom(asked, query("SRV", service, { edns: 1232 })),
        fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      )
      .map(([bytes, changes]) => {
        const copy = Buffer.from(bytes);
        for (const [offset, value] of changes) copy[offset % copy.length] = value;
        return copy;
      });
    const garbage = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.oneof(mutated, garbage), (bytes) => {
        const answer = reply(bytes);
        if (answer !== undefined) expect(read(answer).id).toBe(bytes.readUInt16BE(0));
      }),
      { numRuns: 3000 },
    );
  });
});
