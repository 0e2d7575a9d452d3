import { Command } from "commander";
import { defaultListen, type FakeDnsOptions } from "../lab/fake-dns/options.js";

const examples = `
Events (--at) have a sign, a time after the start, and a member or a fault:
  --at "+2s galera-1=127.0.7.2"   galera-1 appears (it is not there before)
  --at "-8s galera-0"             galera-0 disappears
  --at "+3s drop=0.5"             every second query stays without an answer
  --at "-6s drop"                 and no longer
Faults: lag=TIME, delay=TIME, drop[=FRACTION], servfail, nxdomain, truncate, stale.
Times: 500ms, 2s, 1.5m, 1h.

A zone file (--file), read again whenever it changes:
  service = galera
  namespace = galera
  [ports]
  mysql = 3306
  [members]
  galera-0 = 127.0.7.1
  galera-1 = 127.0.7.2, fd00::2
  [faults]
  lag = 200ms

Example:
  galera-peers fake-dns galera-0=127.0.7.1 galera-1=127.0.7.2 --at "+2s galera-1"
  dig @127.0.0.1 -p 5300 SRV galera.galera.svc.cluster.local`;

/** The definition of `galera-peers fake-dns`. */
export function fakeDnsCommand(action: (options: FakeDnsOptions) => Promise<number>): Command {
  return new Command("fake-dns")
    .summary("a DNS server that answers as CoreDNS does for one headless service")
    .description(
      "A small authoritative DNS server, over UDP and TCP, that answers as CoreDNS's kubernetes " +
        "plugin does for one headless service: for dry runs, the lab and tests.",
    )
    .argument("[members...]", "members as NAME=ADDRESS[,ADDRESS…], IPv4 or IPv6")
    .option("--listen <host:port>", `where to listen; port 0 is any (default: ${defaultListen})`)
    .option("--service <name>", "the headless service (default: galera)")
    .option("--namespace <name>", "its namespace (default: galera)")
    .option("--domain <domain>", "the cluster domain (default: cluster.local)")
    .option(
      "--port-name <name=port>",
      "a named port; repeatable (default: mysql=3306 sst=4444 replication=4567 ist=4568)",
      append,
    )
    .option("--ttl <seconds>", "the TTL of records and denials (default: 5)")
    .option("--file <path>", "members, service and faults from this file, read when it changes")
    .option("--at <event>", "a change at a time after the start; repeatable, see below", append)
    .option("--lag <time>", "a change of members shows in answers only this much later")
    .option("--delay <time>", "every answer is sent this much later")
    .option("--drop <fraction>", "leave this part of the queries unanswered: 0.3, 30% or all")
    .option("--servfail", "answer SERVFAIL")
    .option("--nxdomain", "answer that no name exists")
    .option("--truncate", "answer empty and truncated over UDP")
    .option("--stale", "keep answering with the members of the start")
    .addHelpText("after", examples)
    .action(async (members: string[], options: Omit<FakeDnsOptions, "members">) => {
      await action({ ...options, members });
    });
}

function append(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value];
}
