import { isAddress } from "./address.js";
import { hostName } from "./name.js";

/** What the resolver needs to know; see resolv.conf(5). */
export interface ResolvConf {
  /** Addresses in the order given; `127.0.0.1` where the file names none. */
  readonly nameservers: readonly string[];
  /** As kept by `hostName`; what is no domain's name is left out. */
  readonly search: readonly string[];
  readonly ndots: number;
  /** How long to wait for one answer; undefined where the file does not say. */
  readonly timeoutMs: number | undefined;
  /** How often each server is asked. */
  readonly attempts: number;
  /** Begin with another server each time. */
  readonly rotate: boolean;
  /** `use-vc`: ask over TCP from the start. */
  readonly tcp: boolean;
}

/**
 * Reads a resolv.conf. Nothing in it is fatal: what cannot be understood is passed over, as glibc
 * does (resolv/res_init.c), and numbers are held within glibc's bounds.
 */
export function parseResolvConf(text: string): ResolvConf {
  const nameservers: string[] = [];
  let search: string[] = [];
  const options = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [keyword, ...words] = line
      .replace(/[#;].*/s, "")
      .trim()
      .split(/\s+/);
    switch (keyword) {
      case "nameserver":
        if (words[0] && isAddress(words[0])) nameservers.push(words[0]);
        break;
      case "search":
      case "domain":
        search = words.flatMap((word) => hostName(word) ?? []);
        break;
      case "options":
        for (const word of words) {
          const [name = "", value = ""] = word.split(":", 2);
          options.set(name, value);
        }
    }
  }
  const timeoutS = bounded(options.get("timeout"), 1, 30);
  return {
    nameservers: nameservers.length > 0 ? nameservers : ["127.0.0.1"],
    search,
    ndots: bounded(options.get("ndots"), 0, 15) ?? 1,
    timeoutMs: timeoutS === undefined ? undefined : timeoutS * 1000,
    attempts: bounded(options.get("attempts"), 1, 5) ?? 2,
    rotate: options.has("rotate"),
    tcp: options.has("use-vc"),
  };
}

function bounded(text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined || !/^\d+$/.test(text)) return undefined;
  return Math.min(most, Math.max(least, Number(text)));
}
