/**
 * The time from the start of `galera-peers run` to the exec of the server, with a DNS that answers at
 * once and galera.cnf to be written: against `node -e 0` of the same Node in turn with it, and where
 * the Go peer-finder is on PATH (and this is root, to give it a resolv.conf) against a pass of it.
 * Prints medians and ratios; ends with 1 where a ratio is over its bound.
 *
 * The server is /bin/true, so that its exec adds as little as can be.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const runs = 41;
const warmUps = 4;
const bounds = { bareNode: 2.2, peerFinder: 0.1 };

const directory = mkdtempSync(join(tmpdir(), "galera-peers-bench-"));
const path = (name: string) => join(directory, name);
mkdirSync(path("bin"));
mkdirSync(path("data/mysql"), { recursive: true });
symlinkSync("/bin/true", path("bin/mariadbd"));
writeFileSync(path("my.cnf"), `!include ${path("galera.cnf")}\n`);

const isRoot = process.getuid?.() === 0;
const members = ["galera-0=127.0.6.1"];
const dns = spawn(
  process.execPath,
  ["bin/galera-peers.js", "fake-dns", ...members, "--listen", `127.0.6.53:${isRoot ? 53 : 0}`],
  { stdio: ["ignore", "pipe", "inherit"] },
);
process.on("exit", () => {
  dns.kill();
  rmSync(directory, { recursive: true, force: true });
});
dns.on("exit", (code) => process.exit(code ?? 1));
const [hello] = (await once(dns.stdout, "data")) as [Buffer];
const [, server = ""] = /listens on (\S+);/.exec(hello.toString()) ?? [];

const env = {
  PATH: `${path("bin")}:${process.env.PATH}`,
  GALERA_DNS: server,
  GALERA_SERVICE: "galera",
  POD_NAMESPACE: "galera",
  GALERA_HOSTNAME: "galera-0",
  POD_IP: "127.0.6.1",
  GALERA_CNF: path("galera.cnf"),
  GALERA_AGENT: "off",
};

/** Runs a command to its end and gives its time in ms; fails where the command did. */
function timed(command: string, args: readonly string[]): number {
  const started = process.hrtime.bigint();
  const { status, stderr } = spawnSync(command, args, { env, encoding: "utf8" });
  const ms = Number(process.hrtime.bigint() - started) / 1e6;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
  return ms;
}

/** A member that left its cluster as the last one: it founds, and everything is to be written. */
function start(): number {
  for (const name of ["galera.cnf", "data/galera-peers.ledger.log"]) {
    rmSync(path(name), { force: true });
  }
  writeFileSync(
    path("data/grastate.dat"),
    "uuid: 6a6ea9ba-0000-11f0-8000-000000000001\nseqno: 5\nsafe_to_bootstrap: 1\n",
  );
  const shim = resolve("bin/galera-peers.js");
  const server = ["mariadbd", `--defaults-file=${path("my.cnf")}`, `--datadir=${path("data")}`];
  return timed(process.execPath, [shim, "run", "--", ...server]);
}

function bareNode(): number {
  return timed(process.execPath, ["-e", "0"]);
}

/** The Go program finds DNS by resolv.conf and itself by its host's name: both are made for it. */
function goPass(program: string): number {
  writeFileSync(
    path("resolv.conf"),
    "nameserver 127.0.6.53\nsearch galera.svc.cluster.local svc.cluster.local\n",
  );
  const inside = `mount --bind ${path("resolv.conf")} /etc/resolv.conf && hostname galera-0 &&
    exec ${program} -on-start='cat >/dev/null' -service=galera -ns=galera`;
  return timed("unshare", ["--mount", "--uts", "sh", "-c", inside]);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function column(text: string | number, width: number): string {
  return (typeof text === "number" ? text.toFixed(1) : text).padStart(width);
}

const starts: number[] = [];
const bares: number[] = [];
for (let run = -warmUps; run < runs; run += 1) {
  const [a, b] = [start(), bareNode()];
  if (run < 0) continue;
  starts.push(a);
  bares.push(b);
}
const ratio = median(starts.map((ms, run) => ms / (bares[run] ?? Number.NaN)));
console.log(`Node ${process.version}, ${runs} runs in turn        median      min ms`);
const row = (name: string, values: readonly number[]) =>
  console.log(`${name.padEnd(36)}${column(median(values), 8)}${column(Math.min(...values), 8)}`);
row("galera-peers run, start to exec", starts);
row("node -e 0", bares);
console.log(`ratio, median of pairs: ${ratio.toFixed(2)} (bound ${bounds.bareNode})`);
let held = ratio <= bounds.bareNode;

const finder = spawnSync("sh", ["-c", "command -v peer-finder"], {
  encoding: "utf8",
}).stdout.trim();
if (finder !== "" && isRoot) {
  const passes = Array.from({ length: 5 }, () => goPass(finder));
  const share = median(starts) / median(passes);
  row("Go peer-finder, one pass", passes);
  console.log(`ratio of medians: ${share.toFixed(3)} (bound ${bounds.peerFinder})`);
  held &&= share <= bounds.peerFinder;
}

process.exit(held ? 0 : 1);
