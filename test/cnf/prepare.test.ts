import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { prepareGaleraCnf } from "../../src/cnf/prepare.js";
import type { GaleraSettings } from "../../src/cnf/render.js";
import { writeIfChanged } from "../../src/cnf/write.js";

const settings: GaleraSettings = {
  clusterName: "galera",
  nodeName: "n0",
  nodeAddress: "10.0.0.1",
  peers: ["n0"],
};
const own =
  "wsrep_cluster_name=galera\nwsrep_node_name=n0\nwsrep_node_address=10.0.0.1\nwsrep_cluster_address=gcomm://n0\n";

let directory: string;
let cnf: string;
let template: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "cnf-prepare-"));
  cnf = join(directory, "galera.cnf");
  template = join(directory, "template.cnf");
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const builtIn = () => "[galera]\nbuilt-in\n";

describe("starts from", () => {
  test("the built-in template, if there is nothing else", () => {
    expect(prepareGaleraCnf({ cnf, builtIn }, settings)).toEqual({
      path: cnf,
      current: undefined,
      text: `[galera]\nbuilt-in\n${own}`,
    });
  });

  test("the file itself", () => {
    writeFileSync(cnf, "[galera]\nmine \xe9\n", "latin1");
    expect(prepareGaleraCnf({ cnf, builtIn }, settings)).toEqual({
      path: cnf,
      current: "[galera]\nmine \xe9\n",
      text: `[galera]\nmine \xe9\n${own}`,
    });
  });

  test("a template that was asked for", () => {
    writeFileSync(cnf, "[galera]\nmine\n");
    writeFileSync(template, "[galera]\ntemplate\n");
    expect(prepareGaleraCnf({ cnf, template, builtIn }, settings)).toEqual({
      path: cnf,
      current: "[galera]\nmine\n",
      text: `[galera]\ntemplate\n${own}`,
    });
  });
});

test("what was written needs no writing again", () => {
  const first = prepareGaleraCnf({ cnf, builtIn }, settings);
  expect(writeIfChanged(first.path, first.text)).toBe("written");
  const second = prepareGaleraCnf({ cnf, builtIn }, settings);
  expect(second.text).toBe(second.current);
  expect(writeIfChanged(second.path, second.text)).toBe("unchanged");
});

describe("refuses", () => {
  const prepared = (sources: { template?: string }) => () =>
    prepareGaleraCnf({ cnf, builtIn, ...sources }, settings);
  const refusal = (exitCode: number, message: RegExp) =>
    expect.objectContaining({ exitCode, message: expect.stringMatching(message) });

  test("a template that is not there", () => {
    expect(prepared({ template })).toThrow(
      refusal(78, /^the template .*template\.cnf does not exist$/),
    );
  });

  test("a template that is a directory", () => {
    expect(prepared({ template: directory })).toThrow(refusal(78, /^.* is no regular file: .*$/));
  });

  test("a template that is no option file", () => {
    writeFileSync(template, Buffer.from([0x1f, 0x8b, 0x08, 0x00, 0x0a, 0x00]));
    expect(prepared({ template })).toThrow(refusal(65, /^.*template\.cnf:1: .*$/));
  });

  test("a file that MariaDB would refuse", () => {
    writeFileSync(cnf, "# c\nwsrep_on=ON\n");
    expect(prepared({})).toThrow(refusal(65, /^.*galera\.cnf:2: an option before any group.*$/));
  });

  test("a file that MariaDB would ignore", () => {
    writeFileSync(cnf, "[galera]\n");
    chmodSync(cnf, 0o646);
    expect(prepared({})).toThrow(
      refusal(78, /^.*galera\.cnf is writable by everybody.*chmod o-w .*$/),
    );
  });

  test("a file that would not have the last word", () => {
    writeFileSync(join(directory, "o.cnf"), "[server]\nwsrep_node_name=o\n");
    writeFileSync(template, `[galera]\n!include ${directory}/o.cnf\n`);
    expect(prepared({ template })).toThrow(
      refusal(78, /^.*o\.cnf:2: wsrep_node_name .*galera\.cnf:6 .*$/),
    );
  });
});
