import { isIP, isIPv6 } from "node:net";
import { parseDuration } from "../../system/duration.js";
import { messageOf } from "../../system/failure.js";
import type { Member, Port } from "./zone.js";

/**
 * Reads one value and, where that fails, notes the problem in its place: every problem of an input
 * is reported, not the first alone. What the readers below throw is a text for people.
 */
export function collect<T>(problems: string[], where: string, read: () => T): T | undefined {
  try {
    return read();
  } catch (thrown) {
    problems.push(`${where}: ${messageOf(thrown)}`);
    return undefined;
  }
}

/** `500ms`, `2s`, `1.5m`, `1h` in milliseconds. */
export function readDuration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new Error(`"${text}" is not a duration such as 500ms, 2s or 1m`);
  return ms;
}

/** `0.3`, `30%` or `all`, as a number from 0 to 1. */
export function readFraction(text: string): number {
  const [, number, percent] = /^(\d+(?:\.\d+)?|\.\d+)(%?)$/.exec(text) ?? [];
  const fraction = text === "all" ? 1 : Number(number) / (percent ? 100 : 1);
  if (!(fraction >= 0 && fraction <= 1)) {
    throw new Error(`"${text}" is not a fraction such as 0.3, 30% or all`);
  }
  return fraction;
}

/** `galera-0=127.0.7.1,fd00::1` */
export function readMember(text: string): Member {
  const [, name, addresses] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || addresses === undefined) {
    throw new Error(`"${text}" is not a member such as galera-0=127.0.7.1`);
  }
  return { name: readLabel(name), addresses: readAddresses(addresses) };
}

/** `127.0.7.1, fd00::1` */
export function readAddresses(text: string): string[] {
  const addresses = text.split(",").map((address) => address.trim());
  const wrong = addresses.find((address) => isIP(address) === 0 || address.includes("%"));
  if (wrong !== undefined) throw new Error(`"${wrong}" is not an IP address`);
  return addresses;
}

/** A DNS label that Kubernetes allows as the name of a pod, service or namespace. */
export function readLabel(text: string): string {
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/i.test(text)) {
    throw new Error(`"${text}" is not a name: letters, digits and inner dashes, at most 63`);
  }
  return text;
}

/** A cluster domain, short enough for three of the longest labels and `svc` before it. */
export function readDomain(text: string): string {
  if (text.length > longestDomain) throw new Error(`longer than ${longestDomain} characters`);
  return text.replace(/\.$/, "").split(".").map(readLabel).join(".");
}
const longestDomain = 253 - 3 * 64 - "svc.".length;

/** `mysql=3306` */
export function readPort(text: string): Port {
  const [name = "", number = "", ...rest] = text.split("=");
  if (rest.length > 0) throw new Error(`"${text}" is not a port such as mysql=3306`);
  return { name: readLabel(name), port: readInteger(number, 1, 65_535) };
}

export function readInteger(text: string, least: number, most: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= least && number <= most)) {
    throw new Error(`"${text}" is not a whole number from ${least} to ${most}`);
  }
  return number;
}

/** `127.0.0.1:5300`, `[::1]:5300`; port 0 is any free one. */
export function readListen(text: string): { host: string; port: number } {
  const [, inner, plain, port = ""] = /^(?:\[([^\]]*)\]|([^:]*)):(\d+)$/.exec(text) ?? [];
  const host = inner ?? plain ?? "";
  if (isIP(host) === 0 || isIPv6(host) !== (inner !== undefined)) {
    throw new Error(`"${text}" is not an address and port such as 127.0.0.1:5300 or [::1]:5300`);
  }
  return { host, port: readInteger(port, 0, 65_535) };
}
