import { createHmac, timingSafeEqual } from "node:crypto";

/** The header that a signed message carries. */
export const signatureHeader = "x-galera-peers-signature";

/**
 * Signs a message with the members' shared key: HMAC-SHA256 (RFC 2104) in hex.
 *
 * @param subject what the message is and for whom, with the asker's nonce: an answer to another
 *   question, or to an earlier one, is none to this
 */
export function sign(key: string, subject: string, body: string): string {
  return createHmac("sha256", key).update(subject).update("\n").update(body).digest("hex");
}

/** In a time that does not depend on where the two differ. */
export function isSignedBy(
  key: string,
  signature: string | undefined,
  subject: string,
  body: string,
): boolean {
  const expected = Buffer.from(sign(key, subject, body));
  const given = Buffer.from(signature ?? "");
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** What a member tells at this path, to whom asks with this nonce. */
export const tellingSubject = (path: string, nonce: string) => `galera-peers ${path} ${nonce}`;
export const requestSubject = (method: string, path: string) => `galera-peers ${method} ${path}`;
