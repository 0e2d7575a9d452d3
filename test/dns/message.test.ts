import { type DecodedPacket, decode } from "dns-packet";
import { describe, expect, test } from "vitest";
import { decodeReply, encodeQuery, type Question } from "../../src/dns/message.js";
import {
  address,
  alias,
  coreDnsAnswer,
  flags,
  members,
  message,
  opt,
  type Parts,
  question,
  service,
  soa,
  srv,
} from "./replies.js";

function decoded(bytes: Buffer, asked: Question = question) {
  const reply = decodeReply(bytes, asked);
  if (typeof reply === "string") throw new Error(reply);
  return reply;
}

function read(parts: Parts, asked?: Question) {
  return decoded(message(parts), asked);
}

test("a query on the wire: one question, recursion desired, EDNS with 1232 bytes", () => {
  const packet: DecodedPacket = decode(Buffer.from(encodeQuery({ ...question, id: 0xbeef })));
  expect(packet).toMatchObject({ id: 0xbeef, type: "query", opcode: "QUERY", flag_rd: true });
  expect(packet.questions).toEqual([{ name: service, type: "SRV", class: "IN" }]);
  expect(packet.additionals).toMatchObject([{ type: "OPT", udpPayloadSize: 1232, flag_do: false }]);
  expect(packet).toMatchObject({ answers: [], authorities: [] });
});

test("a CoreDNS answer for three members", () => {
  const reply = decoded(coreDnsAnswer(question, members(3)));
  expect(reply).toMatchObject({ rcode: "NOERROR", truncated: false, invalid: 0, ttlS: 5 });
  expect(reply.srv).toHaveLength(12);
  const target = `galera-0.${service}`;
  expect(reply.srv[0]).toEqual({ target, port: 3306, priority: 0, weight: 8 });
  expect([...reply.addresses]).toEqual([
    [`galera-0.${service}`, ["127.0.0.0"]],
    [`galera-1.${service}`, ["127.0.0.1"]],
    [`galera-2.${service}`, ["127.0.0.2"]],
  ]);
});

describe("no reply to this question", () => {
  test.each<[string, Parts]>([
    ["a foreign id", { id: 4712 }],
    ["a query", { kind: "query" }],
    ["another name", { name: `x.${service}` }],
    ["another type", { type: "A" }],
    ["another class", { class: "CH" }],
    ["no question", { questions: 0 }],
    ["no question, and no such name", { questions: 0, flags: flags.nxdomain }],
    ["two questions", { questions: 2 }],
  ])("%s", (_, parts) => {
    expect(decodeReply(message(parts), question)).toEqual(expect.any(String));
  });

  test.each<[string, Buffer]>([
    ["nothing", Buffer.alloc(0)],
    ["half a header", message().subarray(0, 11)],
    ["zeros", Buffer.alloc(512)],
    ["ones", Buffer.alloc(512, 0xff)],
    ["text", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")],
    ["a question cut off", message().subarray(0, 20)],
    ["a record cut off", message({ answers: [srv("a.example")] }).subarray(0, -1)],
    ["an address cut off", message({ answers: [address("a", "10.0.0.1")] }).subarray(0, -1)],
    ["an IPv6 address cut off", message({ answers: [address("a", "fd00::1")] }).subarray(0, -9)],
  ])("%s", (_, bytes) => {
    expect(decodeReply(bytes, question)).toEqual(expect.any(String));
  });
});

describe("codes", () => {
  test.each<[string, Parts, string]>([
    ["none", {}, "NOERROR"],
    ["no such name", { flags: flags.nxdomain }, "NXDOMAIN"],
    ["failure", { flags: flags.servfail }, "SERVFAIL"],
    ["refusal", { flags: flags.refused }, "REFUSED"],
    ["refusal without the question", { flags: flags.refused, questions: 0 }, "REFUSED"],
    ["a query it could not read", { flags: flags.formerr, questions: 0 }, "FORMERR"],
    ["no more than its OPT record", { additionals: [opt()] }, "NOERROR"],
    ["BADVERS, whose last bits are zero", { additionals: [opt(1)] }, "an error of EDNS"],
  ])("%s", (_, parts, rcode) => {
    expect(read(parts).rcode).toBe(rcode);
  });
});

describe("names are compared without case and kept in lower case", () => {
  const upper = service.toUpperCase();
  const asked = { name: upper, answers: [srv(`Galera-0.${upper}.`, { name: upper })] };

  test("question, owner, target and glue", () => {
    const reply = read({ ...asked, additionals: [address(`GALERA-0.${service}`, "10.0.0.1")] });
    expect(reply.srv.map(({ target }) => target)).toEqual([`galera-0.${service}`]);
    expect([...reply.addresses]).toEqual([[`galera-0.${service}`, ["10.0.0.1"]]]);
  });
});

describe("SRV targets", () => {
  test("several ports of one target are several records", () => {
    const answers = [srv("a.example", { port: 1 }), srv("a.example", { port: 2 })];
    expect(read({ answers }).srv.map(({ target, port }) => [target, port])).toEqual([
      ["a.example", 1],
      ["a.example", 2],
    ]);
  });

  test("the root says that there is no such service, and counts as nothing", () => {
    expect(read({ answers: [srv(".")] })).toMatchObject({ srv: [], invalid: 0 });
  });

  test.each([
    "a b.example",
    "$(reboot).example",
    "`id`",
    "a'b",
    'a"b',
    "a;b",
    "a\nb.example",
    "a\0b.example",
    "-a.example",
    "gälera.example",
    "\u212Aube.example",
  ])("%j is counted, and goes no further", (target) => {
    const reply = read({ answers: [srv(target), srv("a.example")] });
    expect(reply.srv.map((record) => record.target)).toEqual(["a.example"]);
    expect(reply.invalid).toBe(1);
  });

  test("of another owner or class do not count", () => {
    const other = { ...srv("b.example"), class: "CH" };
    const answers = [srv("a.example", { name: "other.example" }), other];
    expect(read({ answers } as Parts).srv).toEqual([]);
  });

  test("in the additional section do not count", () => {
    expect(read({ additionals: [srv("a.example")] }).srv).toEqual([]);
  });
});

describe("aliases", () => {
  const [one, two] = ["one.example", "two.example"];

  test("are followed from the name that was asked for", () => {
    const answers = [alias(one, two), alias(service, one), srv("a.example", { name: two })];
    expect(read({ answers }).srv.map(({ target }) => target)).toEqual(["a.example"]);
  });

  test("in a circle end", () => {
    const answers = [alias(service, one), alias(one, service), srv("a.example", { name: two })];
    expect(read({ answers }).srv).toEqual([]);
  });

  test("give their addresses to the name that was asked for", () => {
    const asked: Question = { id: question.id, name: service, type: "A" };
    const answers = [alias(service, one), address(one, "10.0.0.1"), address(two, "10.0.0.2")];
    expect(read({ type: "A", answers }, asked).addresses.get(service)).toEqual(["10.0.0.1"]);
  });
});

describe("addresses", () => {
  const glue = (...additionals: NonNullable<Parts["additionals"]>) =>
    Object.fromEntries(read({ additionals }).addresses);

  test("of both families, each once, in one spelling", () => {
    expect(
      glue(
        address("a.example", "10.0.0.1"),
        address("a.example", "fd00:0:0:1:0:0:0:5"),
        address("A.example", "10.0.0.1"),
      ),
    ).toEqual({ "a.example": ["10.0.0.1", "fd00:0:0:1::5"] });
  });

  test("of a name that no host has are left out", () => {
    expect(glue(address("a b", "10.0.0.1"), opt())).toEqual({});
  });

  test("of another class are left out", () => {
    expect(glue({ ...address("a.example", "10.0.0.1"), class: "CH" } as never)).toEqual({});
  });
});

describe("TTL in seconds", () => {
  test.each<[string, Parts, number]>([
    ["the least of the answer's", { answers: [srv("a", { ttl: 30 }), srv("b", { ttl: 7 })] }, 7],
    [
      "not the glue's",
      { answers: [srv("a", { ttl: 9 })], additionals: [address("a", "::", 1)] },
      9,
    ],
    ["a denial's: the SOA's minimum", { flags: flags.nxdomain, authorities: [soa(30, 5)] }, 5],
    ["a denial's: the SOA's own", { flags: flags.nxdomain, authorities: [soa(3, 5)] }, 3],
    ["a denial without SOA", { flags: flags.nxdomain }, 0],
    ["no data", { authorities: [soa(5, 5)] }, 5],
  ])("%s", (_, parts, ttlS) => {
    expect(read(parts).ttlS).toBe(ttlS);
  });
});

describe("truncated", () => {
  test("the bit alone, records and all", () => {
    const reply = read({ flags: flags.truncated, answers: [srv("a.example")] });
    expect(reply).toMatchObject({ truncated: true, srv: [{ target: "a.example" }] });
  });

  test("wherever it is torn, it is a truncated reply and nothing else", () => {
    const whole = message({
      flags: flags.truncated,
      answers: [srv("a.example"), srv("b.example")],
    });
    for (let length = 12; length < whole.length; length += 1) {
      expect(decodeReply(whole.subarray(0, length), question)).toMatchObject({ truncated: true });
    }
  });

  test("of another id or without the bit, a torn message is garbage", () => {
    const answers = [srv("a.example")];
    const foreign = message({ id: 1, flags: flags.truncated, answers }).subarray(0, -3);
    const whole = message({ answers }).subarray(0, -3);
    expect(decodeReply(foreign, question)).toEqual(expect.any(String));
    expect(decodeReply(whole, question)).toEqual(expect.any(String));
  });
});
