/*
 * What stays of a lab whose controller dies: nothing. A shell waits at the other end of a pipe, which
 * the kernel closes however the controller ends, and has the lab's processes killed. It needs no root,
 * and does not rely on PDEATHSIG, which a change of user clears, as mariadbd makes one (prctl(2)).
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Lab } from "./options.js";

/**
 * `lab reap` once this process is gone without having dismissed the shell.
 *
 * @returns what dismisses it
 */
export function watchOver(lab: Lab, program: string): () => Promise<void> {
  const reap = [process.execPath, program, "lab", "reap", "--dir", lab.dir];
  const shell = spawn("sh", ["-c", 'read -r _ || exec "$@"', "sh", ...reap], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  shell.stdin.on("error", () => {}); // somebody has ended the shell
  const ended = once(shell, "exit");
  return async () => {
    shell.stdin.end("\n");
    await ended;
  };
}
