/*
 * What bash is told for a user's file: the functions that the official image's entrypoint has for
 * sourced scripts, by its names, and how each kind of file is run.
 *
 * Each file has a shell of its own, where the official image sources all in one: what a sourced script
 * sets is gone with it, so none can change how the next one runs, and an `exit 0` in one ends that one
 * alone. A command that fails ends its file, as there (`set -e`, `pipefail`).
 */
import type { ScriptKind } from "./scripts.js";

/** Reads SOCKET, MARIADB_ROOT_PASSWORD and MYSQL_DATABASE; the password goes by the environment. */
const functions = `
set -eo pipefail
shopt -s nullglob

mysql_log() {
  local kind=$1
  shift
  printf '%(%FT%T%z)T [%s] %s\\n' -1 "$kind" "$*"
}
mysql_note() { mysql_log Note "$@"; }
mysql_warn() { mysql_log Warn "$@" >&2; }
mysql_error() {
  mysql_log ERROR "$@" >&2
  exit 1
}

docker_process_sql() {
  local password=$MARIADB_ROOT_PASSWORD
  if [[ $1 == --dont-use-mysql-root-password ]]; then
    password=
    shift
  fi
  MYSQL_PWD=$password mariadb --protocol=socket --host=localhost --user=root --socket="$SOCKET" \
    --skip-ssl --skip-ssl-verify-server-cert \
    \${MYSQL_DATABASE:+--database="$MYSQL_DATABASE"} "$@"
}
mysql=(docker_process_sql)

docker_sql_escape_string_literal() {
  local text=\${1//\\\\/\\\\\\\\}
  text=\${text//$'\\n'/\\\\n}
  printf '%s\\n' "\${text//\\'/\\\\\\'}"
}
`;

/** Each kind's own command; the file is its first argument. */
const commands: Readonly<Record<Exclude<ScriptKind, "ignored">, string>> = {
  shell: 'if [[ -x $1 ]]; then "$1"; else . "$1"; fi',
  sql: 'docker_process_sql < "$1"',
  gzip: 'gzip -dc "$1" | docker_process_sql',
  xz: 'xz -dc "$1" | docker_process_sql',
  zstd: 'zstd -dc "$1" | docker_process_sql',
};

/** The programs that a kind of file needs, beside what it calls itself. */
export function programsFor(kind: Exclude<ScriptKind, "ignored">): readonly string[] {
  return kind === "shell" || kind === "sql" ? ["bash", "mariadb"] : ["bash", "mariadb", kind];
}

/** The arguments by which bash runs a file. */
export function scriptArgs(kind: Exclude<ScriptKind, "ignored">, path: string): readonly string[] {
  return [...bash(commands[kind]), path];
}

/** The arguments by which bash has the SQL of its standard input run, without the client's commands. */
export const sqlArgs: readonly string[] = bash("docker_process_sql --binary-mode");

/** Its standard input is a socket, for which bash would read ~/.bashrc (run_startup_files in shell.c). */
function bash(command: string): readonly string[] {
  return ["--norc", "-c", functions + command, "galera-peers"];
}
