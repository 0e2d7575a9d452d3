/**
 * What kubelet gives a pod, in namespaces of its own: /etc/hosts, resolv.conf with a custom cluster
 * domain, the host's name, and DNS on port 53.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect, test } from "vitest";
import { startFakeDns } from "../../src/lab/fake-dns/server.js";
import { systemClock } from "../../src/system/clock.js";
import { addressOf, atEnd, member, scratch } from "./cli.js";

const service = "galera.db.svc.k8s.example.org";

/** Runs a command as galera-1 of the service, which has the members 0, 1 and 10. */
async function inPod(command: string, env: Record<string, string> = {}) {
  const dns = await startFakeDns({
    ...{ clock: systemClock, log: () => {}, host: "127.0.6.54", port: 53 },
    service: { namespace: "db", domain: "k8s.example.org" },
    members: [0, 1, 10].map((ordinal) => member(ordinal)),
  });
  atEnd(() => dns.close());
  const directory = scratch();
  const file = (name: string, text: string) => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
  const hosts = file(
    "hosts",
    `127.0.0.1 localhost\n${addressOf(1)}\tgalera-1.${service}\tgalera-1\n`,
  );
  const resolvConf = file(
    "resolv.conf",
    "search db.svc.k8s.example.org svc.k8s.example.org k8s.example.org\nnameserver 127.0.6.54\noptions ndots:5\n",
  );
  const bin = fileURLToPath(new URL("../../bin", import.meta.url));
  const inside = `mount --bind ${hosts} /etc/hosts && mount --bind ${resolvConf} /etc/resolv.conf &&
    hostname galera-1 && cd ${directory} && { ${command.replaceAll("BIN", bin)}; }`;
  return execa("unshare", ["--mount", "--uts", "sh", "-c", inside], {
    env: { PATH: process.env.PATH, ...env },
    extendEnv: false,
    reject: false,
  });
}

test("plan finds name, service, namespace, domain, DNS and peers by itself", async () => {
  const { stdout, stderr, exitCode } = await inPod(
    'node BIN/galera-peers.js plan --json --cnf "$PWD/galera.cnf" -- --no-defaults --datadir="$PWD/data"',
    { GALERA_BOOTSTRAP: "sole-peer" },
  );
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  const plan = JSON.parse(stdout);
  expect(plan).toMatchObject({
    member: `galera-1.${service}`,
    service,
    ordinal: 1,
    fresh: true,
    decision: { action: "join" },
    command: ["mariadbd", "--no-defaults", expect.stringContaining("--datadir="), "--user=mysql"],
  });
  expect(plan.peers.map(({ name }: { name: string }) => name)).toEqual(
    [0, 1, 10].map((ordinal) => `galera-${ordinal}.${service}`),
  );
  expect(plan.cnf.diff).toContain(
    `+wsrep_cluster_address=gcomm://galera-0.${service},galera-1.${service},galera-10.${service}\n`,
  );
});

test("the old entrypoint's two programs, with its own arguments", async () => {
  const { stdout, exitCode } = await inPod(
    `printf '[galera]\\nwsrep_on=ON\\nwsrep_cluster_address=gcomm://\\n' >galera.cnf &&
    node BIN/peer-finder.js -on-start="node BIN/configure-galera.js" -service=galera && cat galera.cnf`,
    { POD_NAMESPACE: "db", GALERA_CNF: "galera.cnf" },
  );
  expect(exitCode).toBe(0);
  expect(stdout.split("\n")).toEqual([
    "[galera]",
    "wsrep_on=ON",
    `wsrep_cluster_address=gcomm://galera-0.${service},galera-1.${service},galera-10.${service}`,
    "wsrep_cluster_name=galera",
    "wsrep_node_name=galera-1",
    `wsrep_node_address=galera-1.${service}`,
  ]);
});

test("garbage in resolv.conf does not stop a start that has its DNS server", async () => {
  const { stdout, exitCode } = await inPod(
    `head -c 4000 /dev/urandom >garbage && mount --bind garbage /etc/resolv.conf &&
    node BIN/galera-peers.js find --dns 127.0.6.54 --domain k8s.example.org --namespace db`,
  );
  expect(exitCode).toBe(0);
  expect(stdout).toContain(`galera-10.${service}`);
});
