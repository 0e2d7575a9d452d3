/** Numbers from 0 to `below` - 1 that are the same for the same seed (mulberry32). */
export type Random = (below: number) => number;

export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** One of the samples, damaged once or more. */
export function mutant(random: Random, samples: readonly Buffer[]): Buffer {
  const pick = <T>(from: readonly T[]) => from[random(from.length)] as T;
  let bytes: Buffer = Buffer.from(pick(samples));
  for (let rounds = 1 + random(3); rounds > 0; rounds -= 1) {
    bytes = pick(damages)(bytes, random, pick(samples));
  }
  return bytes;
}

type Damage = (bytes: Buffer, random: Random, other: Buffer) => Buffer;

const headerBytes = 12;

/** Bytes that mean something in a name: the root, label lengths, pointers. */
const telling = [0, 1, 63, 64, 0x80, 0xbf, 0xc0, 0xff];

const damages: readonly Damage[] = [
  function flipBits(bytes, random) {
    for (let count = 1 + random(8); count > 0 && bytes.length > 0; count -= 1) {
      const at = random(bytes.length);
      bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random(8)), at);
    }
    return bytes;
  },
  function setByte(bytes, random) {
    if (bytes.length > 0) bytes[random(bytes.length)] = telling[random(telling.length)] as number;
    return bytes;
  },
  function setLength(bytes, random) {
    if (bytes.length > 1) bytes.writeUInt16BE(random(0x1_0000), random(bytes.length - 1));
    return bytes;
  },
  function setCount(bytes, random) {
    const count = random(4) === 0 ? 0xffff : random(64);
    if (bytes.length >= headerBytes) bytes.writeUInt16BE(count, 4 + 2 * random(4));
    return bytes;
  },
  function setFlags(bytes, random) {
    if (bytes.length >= 4) bytes.writeUInt16BE(random(0x1_0000), 2);
    return bytes;
  },
  function truncate(bytes, random) {
    return bytes.subarray(0, random(bytes.length + 1));
  },
  function append(bytes, random) {
    return Buffer.concat([bytes, noise(random, random(100))]);
  },
  function splice(bytes, random, other) {
    const from = random(other.length + 1);
    const piece = other.subarray(from, from + random(200));
    const at = random(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + random(200))]);
  },
  function pointSomewhere(bytes, random) {
    const target = random(2) === 0 ? random(bytes.length + 1) : random(0x4000);
    if (bytes.length > 1) bytes.writeUInt16BE(0xc000 | target, random(bytes.length - 1));
    return bytes;
  },
  function pointInCircles(bytes, random) {
    const at = random(bytes.length + 1);
    for (let offset = at; offset + 1 < Math.min(bytes.length, at + 64); offset += 2) {
      bytes.writeUInt16BE(0xc000 | (random(2) === 0 ? offset : Math.max(0, offset - 2)), offset);
    }
    return bytes;
  },
  function overwrite(bytes, random) {
    noise(random, 1 + random(32)).copy(bytes, random(bytes.length + 1));
    return bytes;
  },
  function replaceBody(bytes, random) {
    return Buffer.concat([bytes.subarray(0, headerBytes), noise(random, random(600))]);
  },
  function replaceAll(_, random) {
    return noise(random, random(600));
  },
];

function noise(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random(256)));
}
