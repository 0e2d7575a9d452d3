import type { TlsFiles, TlsPem } from "./files.js";

/**
 * What OpenSSL has against files that fit together: a key that is too short, a digest that is too weak
 * (SSL_CTX_set_security_level). The server and the scripts would fail with it, each in its own words.
 */
export function refusedByOpenSsl({ cert: file }: TlsFiles, { ca, cert, key }: TlsPem): string[] {
  try {
    // Loaded by who has TLS only, as in certificates.ts.
    process.getBuiltinModule("node:tls").createSecureContext({ ca, cert, key });
    return [];
  } catch (error) {
    // Its message begins with a number and the library's name.
    const { reason, message } = error as Error & { readonly reason?: string };
    return [`${file}: OpenSSL refuses it: ${reason ?? message}`];
  }
}
