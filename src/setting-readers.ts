/*
 * How the texts of settings are read: each reader belongs to a row of the table in setting-table.ts.
 */
import { parseProviderOptions } from "./cnf/provider-options.js";
import { isAddress } from "./dns/address.js";
import type { Server } from "./dns/lookup.js";
import { hostName, isLabel } from "./dns/name.js";
import { parseDuration } from "./system/duration.js";

/** How a setting's text is read. */
export interface Reader<T> {
  /** Undefined for a text that is no value of this setting. */
  readonly parse: (text: string) => T | undefined;
  /** What the text should have been: "a DNS name". */
  readonly wanted: string;
}

function parsed<T>(parse: (text: string) => T | undefined, wanted: string): Reader<T> {
  return { parse, wanted };
}

export function matching(pattern: RegExp, wanted: string): Reader<string> {
  return parsed((text) => (pattern.test(text) ? text : undefined), wanted);
}

export const command = matching(/^[^\0]+$/, "a shell command");
export const path = matching(/^[^\0]+$/, "a path");

export const label = parsed((value) => {
  const name = value.toLowerCase();
  return isLabel(name) ? name : undefined;
}, "a DNS label (letters, digits and inner dashes, at most 63)");
export const domainName = parsed(hostName, "a DNS name");
export const duration = parsed(
  (value) => parseDuration(value) || undefined,
  "a duration such as 500ms, 30s or 2m, more than 0",
);
export const durationOrZero = parsed(parseDuration, "a duration such as 0s, 500ms or 30s");
export const addressTypes = ["dns", "ip", "ipv4", "ipv6"] as const;

export function oneOf<const T extends string>(...values: readonly T[]): Reader<T> {
  return parsed(
    (value) => values.find((known) => known === value.toLowerCase()),
    `one of ${values.join(", ")}`,
  );
}

function isProviderOptions(text: string): boolean {
  try {
    return !/\p{Cc}/u.test(text) && parseProviderOptions(text).size > 0;
  } catch {
    return false;
  }
}

function parseServers(list: string): readonly Server[] | undefined {
  const servers = list
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((item) => {
      const [, v6, rest, port = "53"] = /^(?:\[(.*:.*)\]|([^[\]]+?))(?::(\d+))?$/.exec(item) ?? [];
      const bare = /:.*:/.test(item) && isAddress(item);
      const host = bare ? item : (v6 ?? rest ?? "");
      return { host, port: bare ? 53 : Number(port) };
    });
  const valid = servers.every(({ host, port }) => isAddress(host) && port > 0 && port < 65536);
  return valid && servers.length > 0 ? servers : undefined;
}

export const servers = parsed(
  parseServers,
  "IP addresses with an optional port, such as 10.0.0.10:53 or [::1]:53",
);

export const addresses = parsed((value) => {
  const list = value.split(/[\s,]+/).filter(Boolean);
  return list.length > 0 && list.every(isAddress) ? list : undefined;
}, "an IP address");

export const providerOptions = parsed(
  (text) => (isProviderOptions(text) ? text : undefined),
  "key=value pairs separated by semicolons",
);

function number(from: number, to: number): (text: string) => number | undefined {
  return (text) => {
    const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
    return value >= from && value <= to ? value : undefined;
  };
}

export const count = parsed(number(1, 99), "a number from 1 to 99");
export const port = parsed(number(1, 65_535), "a port from 1 to 65535");

/** What a human allows once: for which pod, and in which epoch of the cluster. */
export const token = parsed((value) => {
  const [, pod, epoch] = /^([a-z0-9][a-z0-9-]*):(\d{1,9})$/.exec(value) ?? [];
  return pod === undefined ? undefined : { pod, epoch: Number(epoch) };
}, "<pod>:<epoch>, as the message that asks for it has it");

export const pollDuration = parsed((value) => {
  const ms = parseDuration(value);
  return ms !== undefined && ms >= 1000 ? ms : undefined;
}, "a duration of at least 1s");
