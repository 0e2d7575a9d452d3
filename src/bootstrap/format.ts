/*
 * Ledgers and members' states as JSON, on the disk and on the wire. What comes from outside is
 * checked field by field: a peer's answer is anybody's, and a file may be another version's.
 */
import type { Evidence } from "./evidence.js";
import type { Founding, Ledger, View } from "./ledger.js";
import type { MemberState, Phase, Vote } from "./member.js";

/** Says what cannot be read, as a path into the document: `ledger.view.number`. */
export class FormatError extends Error {}

export type Json = unknown;
type Read<T> = (value: Json, at: string) => T;

/** The text of a document of ours; seqnos are strings, since JSON's numbers end at 2^53. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, one) => (typeof one === "bigint" ? `${one}` : one));
}

/** @throws FormatError for a text that is no JSON */
export function fromJson(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    throw new FormatError(text.trim() === "" ? "empty" : "no JSON");
  }
}

/** @throws FormatError */
export const readState: Read<MemberState> = (value, at) => ({
  name: field(value, "name", at, name),
  incarnation: field(value, "incarnation", at, token),
  ballot: field(value, "ballot", at, count),
  vote: field(value, "vote", at, optional(readVote)),
  phase: field(value, "phase", at, readPhase),
  evidence: field(value, "evidence", at, optional(readEvidence)),
  ledger: field(value, "ledger", at, optional(readLedger)),
  forces: field(value, "forces", at, optional(count)),
});

/** @throws FormatError */
export const readLedger: Read<Ledger> = (value, at) => ({
  uuid: field(value, "uuid", at, optional(uuid)),
  foundings: field(value, "foundings", at, listOf(readFounding)),
  view: field(value, "view", at, readView),
  joining: field(value, "joining", at, optional(listOf(readFounding))),
  discarded: field(value, "discarded", at, listOf(count)),
});

/** @throws FormatError */
export const readView: Read<View> = (value, at) => ({
  number: field(value, "number", at, count),
  members: field(value, "members", at, listOf(name)),
});

const readFounding: Read<Founding> = (value, at) => ({
  epoch: field(value, "epoch", at, count),
  id: field(value, "id", at, token),
  seqno: field(value, "seqno", at, seqno),
  ...(field(value, "inPlace", at, optional(flag)) ? { inPlace: true } : {}),
});

const readVote: Read<Vote> = (value, at) => ({
  candidate: field(value, "candidate", at, name),
  incarnation: field(value, "incarnation", at, token),
  ballot: field(value, "ballot", at, count),
});

const readPhase: Read<Phase> = (value, at) => {
  const kind = field(value, "kind", at, text);
  switch (kind) {
    case "idle":
    case "waiting":
    case "founding":
    case "joining":
      return { kind };
    case "running":
      return {
        kind,
        primary: field(value, "primary", at, flag),
        status: field(value, "status", at, text),
        view: field(value, "view", at, readView),
        seqno: field(value, "seqno", at, optional(seqno)),
      };
    default:
      throw new FormatError(`${at}.kind: ${JSON.stringify(kind)} is not known`);
  }
};

/** @throws FormatError */
export const readEvidence: Read<Evidence> = (value, at) => {
  const kind = field(value, "kind", at, text);
  switch (kind) {
    case "empty":
    case "unclustered":
    case "initialised":
      return { kind };
    case "interrupted":
      return { kind, by: field(value, "by", at, oneOf("initialisation", "sst")) };
    case "position":
      return {
        kind,
        uuid: field(value, "uuid", at, uuid),
        seqno: field(value, "seqno", at, seqno),
        safeToBootstrap: field(value, "safeToBootstrap", at, flag),
        certain: field(value, "certain", at, flag),
      };
    default:
      throw new FormatError(`${at}.kind: ${JSON.stringify(kind)} is not known`);
  }
};

/** Reads one field of an object. */
export function field<T>(value: Json, key: string, at: string, read: Read<T>): T {
  if (typeof value !== "object" || value === null) throw new FormatError(`${at}: no object`);
  return read((value as Record<string, Json>)[key], `${at}.${key}`);
}

export function optional<T>(read: Read<T>): Read<T | undefined> {
  return (value, at) => (value === undefined || value === null ? undefined : read(value, at));
}

/** More members or foundings than anybody has are a fault, or an attack. */
const longestList = 256;

/** Reads every element. */
export function listOf<T>(read: Read<T>): Read<readonly T[]> {
  return (value, at) => {
    if (!Array.isArray(value) || value.length > longestList)
      throw new FormatError(`${at}: no list`);
    return value.map((one, index) => read(one, `${at}.${index}`));
  };
}

/** One of these texts. */
export function oneOf<const T extends string>(...values: readonly T[]): Read<T> {
  return (value, at) => {
    const known = values.find((one) => one === value);
    if (known === undefined) throw new FormatError(`${at}: none of ${values.join(", ")}`);
    return known;
  };
}

function matching(pattern: RegExp, wanted: string): Read<string> {
  return (value, at) => {
    if (typeof value === "string" && pattern.test(value)) return value;
    throw new FormatError(`${at}: not ${wanted}`);
  };
}

export const uuid = matching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, "a uuid");
export const text = matching(/^[\x20-\x7e]{0,64}$/, "a short text");
/** A line for people. */
export const line = matching(/^\P{Cc}{0,2000}$/u, "a line");
export const name = matching(/^[\w.-]{1,253}$/, "a member's name");
const token = matching(/^[\w-]{1,64}$/, "an id");
const seqnoText = matching(/^(-1|\d{1,19})$/, "a seqno");

export const seqno: Read<bigint> = (value, at) => BigInt(seqnoText(value, at));

export const count: Read<number> = (value, at) => {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new FormatError(`${at}: not a number from 0`);
};

export const number: Read<number> = (value, at) => {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new FormatError(`${at}: not a number`);
};

export const flag: Read<boolean> = (value, at) => {
  if (typeof value === "boolean") return value;
  throw new FormatError(`${at}: neither true nor false`);
};
