import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readAgentKey } from "../../../src/agent/http/key.js";

const directory = mkdtempSync(join(tmpdir(), "key-"));
afterAll(() => rmSync(directory, { recursive: true }));

const secret = "0123456789abcdef";

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

test("none is set, or an empty one", () => {
  expect(readAgentKey({})).toBeUndefined();
  expect(readAgentKey({ GALERA_AGENT_KEY: "", GALERA_AGENT_KEY_FILE: "" })).toBeUndefined();
});

test("from the environment", () => {
  expect(readAgentKey({ GALERA_AGENT_KEY: secret, GALERA_AGENT_KEY_FILE: "" })).toBe(secret);
});

test("from a file, without the newline at its end", () => {
  const path = file("key", `${secret}\n`);
  expect(readAgentKey({ GALERA_AGENT_KEY_FILE: path })).toBe(secret);
  expect(readAgentKey({ GALERA_AGENT_KEY: "", GALERA_AGENT_KEY_FILE: path })).toBe(secret);
});

describe("is refused with one line that does not hold it", () => {
  mkdirSync(join(directory, "folder"));
  const short = secret.slice(1);
  test.each<[string, Record<string, string>, RegExp]>([
    [
      "both",
      { GALERA_AGENT_KEY: secret, GALERA_AGENT_KEY_FILE: file("other", secret) },
      /^GALERA_AGENT_KEY and GALERA_AGENT_KEY_FILE are both set: set one$/,
    ],
    [
      "15 characters",
      { GALERA_AGENT_KEY: short },
      /^GALERA_AGENT_KEY: a key has at least 16 characters$/,
    ],
    [
      "15 characters and white space in a file",
      { GALERA_AGENT_KEY_FILE: file("short", ` ${short} \n\n`) },
      /^GALERA_AGENT_KEY_FILE: a key has at least 16 characters$/,
    ],
    ["an empty file", { GALERA_AGENT_KEY_FILE: file("empty", "") }, /at least 16 characters$/],
    [
      "a file that is not there",
      { GALERA_AGENT_KEY_FILE: join(directory, "missing") },
      /^GALERA_AGENT_KEY_FILE: ENOENT.*missing'$/,
    ],
    [
      "a directory",
      { GALERA_AGENT_KEY_FILE: join(directory, "folder") },
      /^GALERA_AGENT_KEY_FILE: .*folder is no regular file$/,
    ],
  ])("%s", (_, env, message) => {
    let thrown: unknown;
    try {
      readAgentKey(env);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ exitCode: 78, message: expect.stringMatching(message) });
    expect(String(thrown)).not.toContain(short);
  });
});

test("a key's file without an end is refused", () => {
  expect(() => readAgentKey({ GALERA_AGENT_KEY_FILE: "/dev/zero" })).toThrow(
    expect.objectContaining({
      exitCode: 78,
      message: "GALERA_AGENT_KEY_FILE: /dev/zero is no regular file",
    }),
  );
});
