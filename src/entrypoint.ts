import { type Probe, probes } from "./agent/probes.js";

/** The programs that this package installs. */
export type Program = "galera-peers" | "peer-finder" | "configure-galera";

/**
 * The server's command line where a program is called as the image's ENTRYPOINT and CMD call it:
 * `galera-peers run [-- command…]`, all settings from the environment. Undefined for any other call.
 */
export function entrypointWords(
  program: Program,
  argv: readonly string[],
): readonly string[] | undefined {
  const [command, separator = "--", ...words] = argv;
  return program === "galera-peers" && command === "run" && separator === "--" ? words : undefined;
}

/** `galera-peers notify`, which the server waits for. */
export function isNotification(program: Program, argv: readonly string[]): boolean {
  return program === "galera-peers" && argv[0] === "notify";
}

/** The probe of `galera-peers probe <probe>` without any flag; undefined for any other call. */
export function probeAsked(program: Program, argv: readonly string[]): Probe | undefined {
  const [command, name, ...rest] = argv;
  const isShort = program === "galera-peers" && command === "probe" && rest.length === 0;
  return isShort ? probes.find((probe) => probe === name) : undefined;
}
