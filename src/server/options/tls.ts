import type { OwnOption } from "../../cnf/own-block.js";
import type { TlsFiles } from "../../tls/files.js";
import type { TlsMode } from "../../tls/modes.js";

/**
 * Encryption of replication, SST and clients. Members prove themselves to each other by certificates of
 * the same authority; names are not compared, as a pod's address and its name at the donor change.
 */
export function tlsOptions({ ca, cert, key }: TlsFiles, mode: TlsMode): readonly OwnOption[] {
  const provider = (name: string, value: string, why: string) =>
    ({ of: "provider", name, value, why }) as const;
  const server = (name: string, value: string, why: string) =>
    ({ of: "server", name, value, why }) as const;
  return [
    server("ssl_ca", ca, "clients may encrypt (require_secure_transport has them do so)"),
    server("ssl_cert", cert, "the server's certificate, and its intermediates"),
    server("ssl_key", key, "of that certificate"),
    provider("socket.ssl", "yes", "replication and IST are encrypted"),
    provider("socket.ssl_ca", ca, "whose members are taken"),
    provider("socket.ssl_cert", cert, "this member's certificate"),
    provider("socket.ssl_key", key, "of that certificate"),
    ...(mode === "dynamic"
      ? [provider("socket.dynamic", "true", "members without encryption are taken too")]
      : []),
    mode === "dynamic"
      ? {
          of: "sst",
          name: "ssl-mode",
          value: "DISABLED",
          why: "as members without TLS have it; the agent has it encrypted once there are none",
        }
      : { of: "sst", name: "ssl-mode", value: "VERIFY_CA", why: "an SST only to and from members" },
  ];
}
