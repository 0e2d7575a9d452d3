/** A notification that takes longer than anything is ended, since the server waits for it. */
const bounded = ["timeout", "-k", "1", "5"];

/** The value of `wsrep_notify_cmd`: the server's shell takes it apart. */
export function notifyCommand(
  program: readonly string[],
  datadir: string,
  stateDir: string,
): string {
  const words = [...bounded, ...program, "notify", "--datadir", datadir, "--state-dir", stateDir];
  return words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
}
