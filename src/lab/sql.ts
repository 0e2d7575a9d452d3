/** The `mariadb` client's arguments for a member, whatever the user's own option files say. */
function clientArgs(socket: string): readonly string[] {
  return ["--no-defaults", `--socket=${socket}`, "--host=localhost", "--user=root"];
}

/** @param statement standard input, or a terminal's dialogue, without one */
export function sqlArgv(
  socket: string,
  statement: string | undefined,
  args: readonly string[],
): readonly string[] {
  const execute = statement === undefined ? [] : [`--execute=${statement}`];
  return ["mariadb", ...clientArgs(socket), ...args, ...execute];
}
