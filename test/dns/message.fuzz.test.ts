import { isIP } from "node:net";
import { expect, test } from "vitest";
import { decodeReply, type Reply } from "../../src/dns/message.js";
import { hostName } from "../../src/dns/name.js";
import { heapMiB } from "../system/heap.js";
import { mutant, seeded } from "./mutate.js";
import {
  address,
  alias,
  coreDnsAnswer,
  flags,
  members,
  message,
  opt,
  question,
  soa,
  srv,
} from "./replies.js";

/** Set FUZZ_SEED to the seed of a failure to see it again. */
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 32));

const samples = [
  coreDnsAnswer(question, members(1)),
  coreDnsAnswer(question, members(3)),
  coreDnsAnswer(question, [{ name: "galera-0", addresses: ["127.0.7.1", "fd00::1"] }]),
  coreDnsAnswer(question, members(7)),
  coreDnsAnswer(question, members(9), "tcp"),
  coreDnsAnswer(question, []),
  message({ flags: flags.nxdomain, authorities: [soa(5, 5)], additionals: [opt()] }),
  message({
    answers: [alias(question.name, "b.example"), srv("c.example", { name: "b.example" })],
  }),
  message({ answers: [srv("a.example")], additionals: [address("a.example", "10.0.0.1")] }),
  message({ flags: flags.truncated, answers: [srv("a.example"), srv("b.example")] }),
];

test("100,000 mutated answers: no throw, no hang, no growth, nothing malformed let through", () => {
  const random = seeded(seed);
  const seen = { replies: 0, refused: 0, slowestMs: 0 };
  const decodeOne = (run: number) => {
    const bytes = mutant(random, samples);
    const started = performance.now();
    const problem = problemWith(bytes, seen);
    seen.slowestMs = Math.max(seen.slowestMs, performance.now() - started);
    if (problem === undefined) return;
    throw new Error(`FUZZ_SEED=${seed}, message ${run}: ${problem}: ${bytes.toString("hex")}`);
  };

  for (let run = 0; run < 20_000; run += 1) decodeOne(run);
  const before = heapMiB();
  for (let run = 20_000; run < 100_000; run += 1) decodeOne(run);
  expect(heapMiB() - before, `FUZZ_SEED=${seed}`).toBeLessThan(4);

  expect(seen.slowestMs).toBeLessThan(1000);
  expect(seen.replies).toBeGreaterThan(5000);
  expect(seen.refused).toBeGreaterThan(20_000);
}, 60_000);

function problemWith(bytes: Buffer, seen: { replies: number; refused: number }) {
  try {
    const reply = decodeReply(bytes, question);
    if (typeof reply !== "string") {
      seen.replies += 1;
      return problemOf(reply);
    }
    seen.refused += 1;
    return reply === "" ? "no reason" : undefined;
  } catch (error) {
    return error;
  }
}

/** What is not as the rest of the program relies on; undefined for a well-formed reply. */
function problemOf({ srv: records, addresses, invalid, ttlS, rcode }: Reply): string | undefined {
  for (const { target, port, priority, weight } of records) {
    if (hostName(target) !== target) return `the target ${JSON.stringify(target)}`;
    if (![port, priority, weight].every(isUint16)) return `the numbers of ${target}`;
  }
  for (const [owner, list] of addresses) {
    if (hostName(owner) !== owner) return `the owner ${JSON.stringify(owner)}`;
    if (!list.every((item) => isIP(item) !== 0)) return `the addresses ${list.join(", ")}`;
    if (new Set(list).size < list.length) return `an address twice: ${list.join(", ")}`;
  }
  if (!Number.isInteger(invalid) || invalid < 0) return `invalid ${invalid}`;
  if (!Number.isInteger(ttlS) || ttlS < 0 || ttlS >= 2 ** 32) return `ttlS ${ttlS}`;
  return /^[\w ]{1,40}$/.test(rcode) ? undefined : `rcode ${rcode}`;
}

function isUint16(number: number): boolean {
  return Number.isInteger(number) && number >= 0 && number <= 0xffff;
}
