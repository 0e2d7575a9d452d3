import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ownBlock } from "../../src/cnf/own-block.js";
import { filesWith } from "../../src/cnf/reading-order.js";
import { argumentsOfMissingCnf, unreadCnf } from "../../src/server/galera-cnf.js";
import type { Member } from "../../src/server/start.js";

let dir: string;
let path: string;
let argv: string[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "galera-cnf-"));
  path = join(dir, "conf.d/galera.cnf");
  mkdirSync(join(dir, "conf.d"));
  writeFileSync(join(dir, "my.cnf"), `!includedir ${dir}/conf.d/\n`);
  argv = ["mariadbd", `--defaults-file=${join(dir, "my.cnf")}`];
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const own = "[galera]\nwsrep_cluster_address=gcomm://a,b\nwsrep_node_name=a\n";
const why = "said in one line";
const block = ownBlock(
  [{ of: "provider", name: "socket.ssl_key", value: "/tls/tls.key", why }],
  undefined,
);

function refusal(text: string, others: Readonly<Record<string, string>>): string | undefined {
  writeFileSync(path, text);
  for (const [name, content] of Object.entries(others)) {
    writeFileSync(join(dir, "conf.d", name), content);
  }
  const written = unreadCnf(argv, {}, { path, text });
  // The same is known before it is written.
  writeFileSync(path, "[galera]\nwsrep_cluster_address=gcomm://old\n");
  expect(unreadCnf(argv, {}, { path, text }, filesWith({ path, text }))).toBe(written);
  rmSync(path);
  expect(unreadCnf(argv, {}, { path, text }, filesWith({ path, text }))).toBe(written);
  return written;
}

describe("a galera.cnf that is read is taken", () => {
  test.each([
    ["alone", own, {}],
    ["with what was chosen", own + block, {}],
    ["above another file with other options", own + block, { "z.cnf": "[mariadbd]\nport=3307\n" }],
    [
      "below another file with the same ones",
      own + block,
      { "a.cnf": "[mariadbd]\nwsrep_provider_options=gmcast.segment=1\n" },
    ],
  ])("%s", (_, text, others) => expect(refusal(text, others)).toBeUndefined());
});

describe("what another file takes away is refused", () => {
  test.each([
    ["the peers", "wsrep_cluster_address=gcomm://"],
    ["the member's name", "wsrep_node_name=b"],
    ["what was chosen: encryption would be off", "wsrep_provider_options=gcache.size=1G"],
  ])("%s", (_, line) => {
    const [name] = line.split("=");
    expect(refusal(own + block, { "z.cnf": `[mariadbd]\n${line}\n` })).toContain(
      `the server's option files give it another ${name} than ${path} (${JSON.stringify(line.replace(`${name}=`, ""))})`,
    );
  });

  test("the whole file, by an include that leaves it out", () => {
    argv = ["mariadbd", "--no-defaults"];
    expect(refusal(own, {})).toContain("another wsrep_cluster_address than");
    expect(refusal(own, {})).toContain("(none)");
  });
});

test("where galera.cnf is not there yet, the server is told that it is a member", () => {
  const me = { name: "a", fqdn: "a.galera.db.svc", service: "galera" };
  const sources = { cnf: path, template: undefined, builtIn: () => template };
  const template =
    "[galera]\nwsrep_on=ON\nbinlog_format=ROW\nwsrep_provider=/lib.so\nwsrep_cluster_address=\n";
  const member = { me, cnf: sources } as unknown as Member;
  const missing = () => argumentsOfMissingCnf(argv, {}, member, {});
  expect(missing()).toEqual([
    ...["--wsrep_on=ON", "--wsrep_provider=/lib.so"],
    ...["--wsrep_cluster_address=gcomm://a.galera.db.svc", "--binlog_format=ROW"],
  ]);
  writeFileSync(path, "[galera]\nwsrep_on=ON\nwsrep_cluster_address=gcomm://a,b\n");
  writeFileSync(join(dir, "conf.d/a.cnf"), "[mariadbd]\nbinlog_format=ROW\nwsrep_provider=x\n");
  expect(missing()).toEqual([]);
});
