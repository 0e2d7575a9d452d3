import { expect, test } from "vitest";
import { createClient } from "../../src/dns/client.js";
import { systemClock as clock } from "../../src/system/clock.js";
import { heapMiB } from "../system/heap.js";
import { mutant, seeded } from "./mutate.js";
import { coreDnsAnswer, flags, members, message, question, service, soa } from "./replies.js";
import { handMade } from "./servers.js";

/** Set FUZZ_SEED to the seed of a failure to see it again. */
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 32));

const samples = [
  coreDnsAnswer(question, members(1)),
  coreDnsAnswer(question, members(3)),
  message({ flags: flags.nxdomain, authorities: [soa(5, 5)] }),
  message({ flags: flags.truncated }),
];

test("2,000 mutated datagrams from a real server: every outcome is a value, nothing is kept", async () => {
  const random = seeded(seed);
  const answer = (query: Buffer) => {
    const bytes = mutant(random, samples);
    if (bytes.length > 1 && random(4) > 0) query.copy(bytes, 0, 0, 2); // with the right id
    return bytes;
  };
  const dns = await handMade({
    udp: (query, send) => {
      send(answer(query));
      send(message({ id: query.readUInt16BE(0), flags: flags.refused })); // ends the wait
    },
    tcp: (query, send, socket) => {
      send(answer(query));
      socket.end();
    },
  });
  const lookUp = createClient({
    ...{ servers: [dns], tryMs: 5000, overallMs: 5000, attempts: 1, rotate: false, tcp: false },
    ...{ clock, randomId: () => random(0x1_0000) },
  });
  const { signal } = new AbortController();
  const kinds = new Map<string, number>();
  const run = async (times: number) => {
    for (let n = 0; n < times; n += 1) {
      const found = await lookUp(service, "SRV", signal);
      const kind = found.kind === "answer" ? found.kind : `${found.kind} ${found.why}`;
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
  };

  await run(500);
  const before = heapMiB();
  await run(1500);
  expect(heapMiB() - before, `FUZZ_SEED=${seed}`).toBeLessThan(1.5);
  await dns.close();

  const expected = ["answer", "empty nxdomain", "failed malformed", "failed refused"];
  expect([...kinds.keys()], `FUZZ_SEED=${seed}`).toEqual(expect.arrayContaining(expected));
  expect(kinds.get("failed timeout"), `FUZZ_SEED=${seed}`).toBeUndefined();
}, 60_000);
