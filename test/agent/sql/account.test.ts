import { createHmac } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { agentAccount } from "../../../src/agent/sql/account.js";
import { key } from "../members.js";

const shared = { kind: "password", user: "galera-peers", password: expect.any(String) };

test.each([
  ["mysql", undefined, { kind: "socket", user: "mysql" }],
  ["mysql", key, { kind: "socket", user: "mysql" }],
  [undefined, key, shared],
  ["root", key, shared],
  [undefined, undefined, undefined],
  ["root", undefined, undefined],
])("the user %j with the key %j", (user, given, account) => {
  expect(agentAccount(user, given)).toEqual(account);
});

function passwordOf(given: string): string {
  const account = agentAccount(undefined, given);
  return account?.kind === "password" ? account.password : "";
}

test("all members derive the same password, as docs/operations.md does", () => {
  const digest = createHmac("sha256", key).update("galera-peers/sql-account/1").digest();
  const inUrls = digest.toString("base64").replaceAll("+", "-").replaceAll("/", "_");
  expect(passwordOf(key)).toBe(`${inUrls.replaceAll("=", "")}-Aa1`);
});

test("any key gives a password that simple_password_check takes, and that does not show the key", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 16 }), fc.string({ minLength: 16 }), (one, other) => {
      const password = passwordOf(one);
      for (const kind of [/[0-9]/, /[a-z]/, /[A-Z]/, /[^0-9a-zA-Z]/])
        expect(password).toMatch(kind);
      expect(password).toMatch(/^[\w-]{47}$/);
      expect(password).not.toContain(one);
      expect(passwordOf(other) === password).toBe(one === other);
    }),
  );
});
