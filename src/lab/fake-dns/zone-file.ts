import { parse } from "ini";
import { oneLine } from "../../system/log.js";
import { type Faults, isFaultName, readFault } from "./faults.js";
import {
  collect,
  readAddresses,
  readDomain,
  readInteger,
  readLabel,
  readPort,
} from "./notation.js";
import type { Member, ServiceIdentity } from "./zone.js";

/** What a zone file says; what it leaves out is not here. */
export interface ZoneFile {
  readonly service: Partial<ServiceIdentity>;
  readonly members: readonly Member[];
  readonly faults: Partial<Faults>;
}

export type ReadZoneFile =
  | { readonly kind: "zone"; readonly zone: ZoneFile }
  /** One line each, with the file's name and the line's number. */
  | { readonly kind: "problems"; readonly problems: readonly string[] };

type Section = Record<string, string | boolean>;
const sections = ["ports", "members", "faults"] as const;

/**
 * Reads a zone file: `service`, `namespace`, `domain` and `ttl`, then `[ports]`, `[members]` and
 * `[faults]`. Everything that is neither is a problem, for `ini` itself takes any text.
 *
 * @param path for the problems' texts
 */
export function readZoneFile(contents: string, path: string): ReadZoneFile {
  const text = contents.replace(/^\uFEFF/, "");
  const problems: string[] = [];
  const parsed = parse(text) as Record<string, Section | string | boolean>;
  const sectionOf = (name: string): Section | undefined =>
    typeof parsed[name] === "object" ? parsed[name] : undefined;
  const lines = lineNumbers(text);
  const place = (section: string, key: string) => {
    const line = lines.get(`${section}\n${key}`);
    return `${path}${line === undefined ? "" : `:${line}`}: ${key.slice(0, 40)}`;
  };
  const entries = <T>(name: string, read: (key: string, value: string | boolean) => T): T[] =>
    Object.entries(sectionOf(name) ?? {}).flatMap(
      ([key, value]) => collect(problems, place(name, key), () => [read(key, value)]) ?? [],
    );

  const service: Partial<ServiceIdentity>[] = Object.entries(parsed).flatMap(([key, value]) => {
    if (typeof value === "object" && isSection(key)) return [];
    return collect(problems, place("", key), () => [readSetting(key, value)]) ?? [];
  });
  const ports = entries("ports", (name, value) => readPort(`${name}=${value}`));
  const members = entries("members", (name, value) => ({
    name: readLabel(name),
    addresses: readAddresses(value === true ? "" : String(value)),
  }));
  const faults = entries("faults", (name, value) => {
    if (!isFaultName(name)) throw new Error("no such fault");
    return readFault(name, value);
  });

  if (problems.length > 0) return { kind: "problems", problems: problems.map(oneLine) };
  const named = sectionOf("ports") ? { ports } : {};
  return {
    kind: "zone",
    zone: {
      service: Object.assign({}, ...service, named),
      members,
      faults: Object.assign({}, ...faults),
    },
  };
}

function isSection(name: string): boolean {
  return sections.some((section) => section === name);
}

function readSetting(key: string, value: unknown): Partial<ServiceIdentity> {
  if (typeof value === "object") throw new Error("no such section");
  const text = String(value);
  switch (key) {
    case "service":
    case "namespace":
      return { [key]: readLabel(text) };
    case "domain":
      return { domain: readDomain(text) };
    case "ttl":
      return { ttl: readInteger(text, 0, 86_400) };
    default:
      throw new Error(isSection(key) ? `is a section: write [${key}]` : "no such setting");
  }
}

/** Where keys and section headers stand, as `section\nkey`: `ini` keeps no line numbers. */
function lineNumbers(text: string): Map<string, number> {
  const numbers = new Map<string, number>();
  let section = "";
  for (const [index, line] of text.split(/\r\n|\r|\n/).entries()) {
    const header = /^\s*\[([^\]]*)\]\s*$/.exec(line)?.[1]?.trim();
    if (header !== undefined) section = header;
    const key = header === undefined ? `${section}\n${line.split("=")[0]?.trim()}` : `\n${header}`;
    numbers.set(key, index + 1);
  }
  return numbers;
}
