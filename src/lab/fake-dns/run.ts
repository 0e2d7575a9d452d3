import { once } from "node:events";
import type { Clock } from "../../system/clock.js";
import { exitCode, Failure } from "../../system/failure.js";
import type { Log, WriteLine } from "../../system/log.js";
import { type Contents, fileChanges, readContents } from "./file-changes.js";
import { hostPort } from "./listen.js";
import { type FakeDnsOptions, type FakeDnsPlan, readOptions } from "./options.js";
import { type FakeDns, startFakeDns } from "./server.js";
import { playTimeline, type Timeline } from "./timeline.js";
import { defaultIdentity, serviceName } from "./zone.js";
import { type ReadZoneFile, readZoneFile, type ZoneFile } from "./zone-file.js";

export interface FakeDnsPorts {
  readonly clock: Clock;
  readonly log: Log;
  /** Standard output: one line once the server listens, with its address and a command to try. */
  readonly write: WriteLine;
  /** Ends the server. */
  readonly signal: AbortSignal;
}

/**
 * `galera-peers fake-dns`: serves until the signal, members and faults changing by the timeline or
 * the watched file.
 *
 * @returns 0
 * @throws Failure for options or an address that cannot be used (configuration), or a file (data)
 */
export async function runFakeDns(options: FakeDnsOptions, ports: FakeDnsPorts): Promise<number> {
  const plan = readOptions(options);
  switch (plan.source.kind) {
    case "flags":
      return serveTimeline(plan, plan.source.timeline, ports);
    case "file":
      return serveFile(plan, plan.source.path, ports);
    default:
      return plan.source satisfies never;
  }
}

async function serveTimeline(
  plan: FakeDnsPlan,
  { present, events }: Timeline,
  ports: FakeDnsPorts,
): Promise<number> {
  const start = { service: {}, members: present, faults: {} };
  return serve(plan, start, ports, (dns) => playTimeline(events, dns, ports.clock, ports.signal));
}

async function serveFile(plan: FakeDnsPlan, path: string, ports: FakeDnsPorts): Promise<number> {
  const contents = await readContents(path);
  const first = interpret(contents, path);
  if (first.kind === "problems") throw new Failure(exitCode.data, beginning(first.problems));

  return serve(plan, first.zone, ports, async (dns) => {
    for await (const changed of fileChanges(path, contents, ports.clock, ports.signal)) {
      const read = interpret(changed, path);
      if (read.kind === "zone") publish(dns, plan, read.zone);
      else ports.log("warn", `${summary(read.problems)}; the DNS members stay as they were`);
    }
  });
}

async function serve(
  plan: FakeDnsPlan,
  start: ZoneFile,
  { clock, log, write, signal }: FakeDnsPorts,
  follow: (dns: FakeDns) => Promise<void>,
): Promise<number> {
  if (signal.aborted) return 0;
  const { host } = plan;
  const { service, faults } = merged(plan, start);
  const dns = await startFakeDns({
    host,
    port: plan.port,
    service,
    members: start.members,
    faults,
    clock,
    log,
  });
  const name = serviceName({ ...defaultIdentity, ...service });
  const address = hostPort(host, dns.port);
  write(`fake-dns listens on ${address}; try: dig @${host} -p ${dns.port} SRV ${name}`);
  try {
    await follow(dns);
    if (!signal.aborted) await once(signal, "abort");
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  } finally {
    await dns.close();
  }
  return 0;
}

function publish(dns: FakeDns, plan: FakeDnsPlan, zone: ZoneFile): void {
  const { service, faults } = merged(plan, zone);
  dns.setService(service);
  dns.setFaults(faults);
  dns.setMembers(zone.members);
}

/** Of the service, flags have the last word; of faults, the file: it can change while we run. */
function merged({ service, faults }: FakeDnsPlan, zone: ZoneFile) {
  return { service: { ...zone.service, ...service }, faults: { ...faults, ...zone.faults } };
}

function interpret(contents: Contents, path: string): ReadZoneFile {
  return contents.kind === "text"
    ? readZoneFile(contents.text, path)
    : { kind: "problems", problems: [`${path}: ${contents.message}`] };
}

/** A file of garbage has a problem on each line: the first ones tell enough. */
function beginning(problems: readonly string[]): string {
  const rest = problems.length - mostProblems;
  return [...problems.slice(0, mostProblems), ...(rest > 0 ? [`and ${rest} more`] : [])].join("\n");
}
const mostProblems = 10;

function summary([first = "", ...others]: readonly string[]): string {
  return others.length === 0 ? first : `${first} (and ${others.length} more)`;
}
