/** What a container's first process is like, and what of it would be a trace of ours. */
import type { Container } from "./engine.js";

/** Without what is different each time. */
const look = String.raw`
grep -E "^(Uid|Gid|Groups|Umask|NoNewPrivs|Cap|Sig(Blk|Ign|Cgt))" /proc/1/status
grep "open files" /proc/1/limits
for fd in 1 2; do grep flags /proc/1/fdinfo/$fd; done
for fd in /proc/1/fd/*; do readlink "$fd"; done | sed -E "s/[0-9]+\]$//; s/#[0-9]+//" | sort
tr "\0" "\n" </proc/1/environ | cut -d= -f1 | grep -v "^PWD$" | sort`;

/** Signals, limits, descriptors, variables' names. */
export async function processState(container: Container): Promise<string[]> {
  return (await container.exec(["sh", "-c", look])).said.split("\n");
}

/** Of those, what does not depend on where the server runs. */
export async function inherited(container: Container): Promise<string[]> {
  return (await processState(container)).filter((line) => /^Sig|open files/.test(line));
}

/** Its arguments and variables, a line each. */
export async function argumentsAndVariables(container: Container): Promise<string> {
  const command = String.raw`cat /proc/1/cmdline /proc/1/environ | tr "\0" "\n"`;
  return (await container.exec(["sh", "-c", command])).said;
}

/** Whether its output blocks: no O_NONBLOCK, which Node would set. */
export async function hasBlockingOutput(container: Container): Promise<boolean> {
  const command = String.raw`sed -n "s/^flags:\s*//p" /proc/1/fdinfo/1 /proc/1/fdinfo/2`;
  const flags = (await container.exec(["sh", "-c", command])).said.split("\n");
  return flags.length === 2 && flags.every((octal) => (Number.parseInt(octal, 8) & 0o4000) === 0);
}
