import { agentNodeFlags } from "./agent/node-flags.js";
import { entrypointWords, isNotification, type Program, probeAsked } from "./entrypoint.js";

/** The first Node with process.execve, by which `run` becomes the server. */
const leastNode = [22, 15] as const;

/**
 * What the files in bin call: on a Node that is too old, one line and exit 64, before anything is
 * loaded that such a Node cannot read.
 */
export async function start(program: Program): Promise<void> {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < leastNode[0] || (major === leastNode[0] && minor < leastNode[1])) {
    console.error(
      `${program}: needs Node ${leastNode.join(".")} or newer, this is ${process.version}`,
    );
    process.exit(64);
  }
  const argv = process.argv.slice(2);
  if (program === "galera-peers" && argv[0] === "agent") takeFlags(agentNodeFlags);
  const file = fileFor(program, argv);
  const { main }: typeof import("./main.js") = await import(file);
  process.exit(await main(program, argv, process.env));
}

/** On the way to exec, and for a probe, one file that holds nothing else; run.js is main.js once more. */
function fileFor(program: Program, argv: readonly string[]): string {
  if (probeAsked(program, argv) !== undefined) return "./probe.js";
  const isShort = entrypointWords(program, argv) !== undefined || isNotification(program, argv);
  return isShort ? "./run.js" : "./main.js";
}

/** Node takes such flags only as it starts: this process begins once more with those it lacks. */
function takeFlags(flags: readonly string[]): void {
  const { execPath, execArgv, argv, env } = process;
  if (flags.every((flag) => execArgv.includes(flag))) return;
  process.execve?.(execPath, [execPath, ...execArgv, ...flags, ...argv.slice(1)], env);
}
