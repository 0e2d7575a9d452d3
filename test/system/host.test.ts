import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { readHost } from "../../src/system/host.js";

const directory = mkdtempSync(join(tmpdir(), "host-"));
let root: string;
let count = 0;

beforeEach(() => {
  root = join(directory, String(count++));
});
afterAll(() => rmSync(directory, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function read() {
  const warnings: string[] = [];
  return { ...readHost((warning) => warnings.push(warning), root), warnings };
}

test("a pod's files", () => {
  write("/etc/hosts", "10.0.0.1 galera-0.galera.db galera-0\n");
  write("/etc/resolv.conf", "nameserver 10.96.0.10\n");
  write("/var/run/secrets/kubernetes.io/serviceaccount/namespace", "db\n");
  expect(read()).toMatchObject({
    hosts: "10.0.0.1 galera-0.galera.db galera-0\n",
    resolvConf: "nameserver 10.96.0.10\n",
    namespace: "db",
    warnings: [],
  });
});

test("files that are not there are empty, without a word", () => {
  expect(read()).toMatchObject({ hosts: "", resolvConf: "", namespace: undefined, warnings: [] });
});

test("an empty namespace file is none", () => {
  write("/var/run/secrets/kubernetes.io/serviceaccount/namespace", "\n");
  expect(read()).toMatchObject({ namespace: undefined, warnings: [] });
});

test("a file that cannot be read is a warning that names it", () => {
  write("/etc/resolv.conf/is-a-directory", "");
  expect(read()).toMatchObject({
    resolvConf: "",
    warnings: ["/etc/resolv.conf cannot be read (EISDIR)"],
  });
});

test("this machine's own name and addresses", () => {
  const host = readHost(() => {});
  expect(host.hostname).toBe(hostname());
  expect(host.addresses).toContain("127.0.0.1");
  expect(host.addresses.every((address) => isIP(address) !== 0)).toBe(true);
});
