import { exitCode, Failure } from "../../system/failure.js";
import { type FaultName, type Faults, readFault } from "./faults.js";
import {
  collect,
  readDomain,
  readInteger,
  readLabel,
  readListen,
  readMember,
  readPort,
} from "./notation.js";
import { readTimeline, type Timeline } from "./timeline.js";
import type { ServiceIdentity } from "./zone.js";

/** The command line as it was typed; what was left out is not here. */
export interface FakeDnsOptions {
  readonly members: readonly string[];
  readonly listen?: string;
  readonly service?: string;
  readonly namespace?: string;
  readonly domain?: string;
  readonly portName?: readonly string[];
  readonly ttl?: string;
  readonly file?: string;
  readonly at?: readonly string[];
  readonly lag?: string;
  readonly delay?: string;
  readonly drop?: string;
  readonly servfail?: boolean;
  readonly nxdomain?: boolean;
  readonly truncate?: boolean;
  readonly stale?: boolean;
}

export const defaultListen = "127.0.0.1:5300";

/** What to serve, checked. */
export interface FakeDnsPlan {
  readonly host: string;
  readonly port: number;
  /** What flags say of the service; a file does not change it. */
  readonly service: Partial<ServiceIdentity>;
  /** What flags say of faults; a file's and the timeline's come on top. */
  readonly faults: Partial<Faults>;
  readonly source:
    | { readonly kind: "flags"; readonly timeline: Timeline }
    | { readonly kind: "file"; readonly path: string };
}

/**
 * Checks the command line.
 *
 * @throws Failure (configuration) with all its problems, one a line
 */
export function readOptions(options: FakeDnsOptions): FakeDnsPlan {
  const problems: string[] = [];
  const given = <T>(flag: string, text: string | undefined, read: (text: string) => T) =>
    text === undefined ? undefined : collect(problems, flag, () => read(text));
  const fault = (name: FaultName, value: string | boolean | undefined): Partial<Faults> =>
    (value === undefined
      ? undefined
      : collect(problems, `--${name}`, () => readFault(name, value))) ?? {};

  const listen = given("--listen", options.listen ?? defaultListen, readListen);
  const ports = options.portName?.flatMap((text) => given("--port-name", text, readPort) ?? []);
  const service = defined({
    service: given("--service", options.service, readLabel),
    namespace: given("--namespace", options.namespace, readLabel),
    domain: given("--domain", options.domain, readDomain),
    ttl: given("--ttl", options.ttl, (text) => readInteger(text, 0, 86_400)),
    ports,
  });
  const faults = {
    ...fault("lag", options.lag),
    ...fault("delay", options.delay),
    ...fault("drop", options.drop),
    ...fault("servfail", options.servfail),
    ...fault("nxdomain", options.nxdomain),
    ...fault("truncate", options.truncate),
    ...fault("stale", options.stale),
  };
  const members = options.members.flatMap((text) => given("member", text, readMember) ?? []);
  const timeline = readTimeline(options.at ?? [], members, problems);

  problems.push(...repeated("member", members), ...repeated("--port-name", ports ?? []));
  if (options.file !== undefined && options.members.length + (options.at?.length ?? 0) > 0) {
    problems.push("--file: members and --at cannot be given beside it; write them in the file");
  }
  if (listen === undefined || problems.length > 0) {
    throw new Failure(exitCode.config, problems.join("\n"));
  }
  const source =
    options.file === undefined
      ? ({ kind: "flags", timeline } as const)
      : ({ kind: "file", path: options.file } as const);
  return { ...listen, service, faults, source };
}

function repeated(flag: string, items: readonly { readonly name: string }[]): string[] {
  const names = items.map(({ name }) => name.toLowerCase());
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  return [...twice].map((name) => `${flag}: ${name} is given more than once`);
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Defined<T>;
}
