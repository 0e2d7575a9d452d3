import { spawn } from "node:child_process";
import { agentNodeFlags } from "./node-flags.js";

/** An agent that was started, and goes on when this process becomes the server. */
export interface Left {
  /** How it has ended; undefined while it runs. */
  readonly ended: () => string | undefined;
}

export interface LeaveOptions {
  /** Node, the script and its arguments. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The account that the server runs as: both write beside the datadir. */
  readonly account: { readonly uid: number; readonly gid: number } | undefined;
}

/** Starts an agent as a child; what it logs goes where this process's log goes. */
export function leaveAgent({ argv, env, account }: LeaveOptions): Left {
  const [node = "", ...args] = argv;
  const child = spawn(node, [...agentNodeFlags, ...args], {
    ...{ env, stdio: ["ignore", "inherit", "inherit"] },
    ...(account !== undefined && account),
  });
  child.unref();
  let how: string | undefined;
  child.on("error", (error) => {
    how = error.message;
  });
  child.on("exit", (code, signal) => {
    how = `it ended with ${signal ?? `code ${code}`}`;
  });
  return { ended: () => how };
}
