/** A notification that takes longer than anything is ended, since the server waits for it. */
const bounded = ["timeout", "-k", "1", "5"];

/**
 * The value of `wsrep_notify_cmd`: the server's shell takes it apart.
 *
 * @param further a command of the user's, which gets the same options afterwards
 */
export function notifyCommand(
  program: readonly string[],
  datadir: string,
  stateDir: string,
  further?: string,
): string {
  const words = [...bounded, ...program, "notify", "--datadir", datadir, "--state-dir", stateDir];
  const ours = words.map(quoted).join(" ");
  // The server appends its options: they reach both through a shell of their own.
  return further === undefined ? ours : `sh -c ${quoted(`${ours} "$@"; ${further} "$@"`)} sh`;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
