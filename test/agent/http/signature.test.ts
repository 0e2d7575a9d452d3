import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import {
  isSignedBy,
  requestSubject,
  sign,
  tellingSubject,
} from "../../../src/agent/http/signature.js";

const key = "a key of the members";
const subject = tellingSubject("/v1/state", "00ff");

test("HMAC-SHA256 over the subject and the body, in hex", () => {
  const expected = createHmac("sha256", key).update('galera-peers /v1/state 00ff\n{"a":1}');
  expect(sign(key, subject, '{"a":1}')).toBe(expected.digest("hex"));
});

test("what is signed is known again, also without a body and with one that is not ASCII", () => {
  for (const body of ["", "{}", "ü\n\0", "x".repeat(100_000)]) {
    expect(isSignedBy(key, sign(key, subject, body), subject, body)).toBe(true);
  }
});

const signature = sign(key, subject, "{}");
test.each<[string, string | undefined, string, string, string]>([
  ["another key", signature, "a key of nobody's", subject, "{}"],
  ["a longer key", signature, `${key} `, subject, "{}"],
  ["another nonce", signature, key, tellingSubject("/v1/state", "00fe"), "{}"],
  ["another path", signature, key, tellingSubject("/v1/status", "00ff"), "{}"],
  ["another subject", signature, key, requestSubject("GET", "/v1/state"), "{}"],
  ["another body", signature, key, subject, "{ }"],
  ["no signature", undefined, key, subject, "{}"],
  ["an empty one", "", key, subject, "{}"],
  ["a shorter one", signature.slice(1), key, subject, "{}"],
  ["a longer one", `${signature}0`, key, subject, "{}"],
  ["upper case", signature.toUpperCase(), key, subject, "{}"],
  ["as many characters, more bytes", "ü".repeat(64), key, subject, "{}"],
])("%s: not signed", (_, given, by, about, body) => {
  expect(isSignedBy(by, given, about, body)).toBe(false);
});

test("a request's subject names its method and path", () => {
  expect(requestSubject("POST", "/v1/start")).not.toBe(requestSubject("GET", "/v1/start"));
  expect(requestSubject("GET", "/v1/agent")).not.toBe(requestSubject("GET", "/v1/decision"));
});
