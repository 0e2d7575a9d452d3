import type { Settings } from "../settings.js";
import { exitCode, Failure } from "../system/failure.js";
import type { TlsMode } from "./modes.js";

/** Where the files are, and who is taken without them. */
export interface ChosenTls {
  readonly dir: string;
  readonly mode: TlsMode;
}

/**
 * What the settings say of TLS; undefined where they want none.
 *
 * @throws Failure 78 for GALERA_TLS without a directory
 */
export function chosenTls({ tlsDir: dir, tls }: Settings): ChosenTls | undefined {
  if (dir !== undefined) return { dir, mode: tls ?? "on" };
  if (tls === undefined) return undefined;
  throw new Failure(
    exitCode.config,
    `GALERA_TLS (--tls) is ${tls}, and there is no GALERA_TLS_DIR (--tls-dir) with ca.crt, tls.crt and tls.key`,
  );
}
