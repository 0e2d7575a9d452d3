/*
 * The agent and whoever asks it: the definitions of these subcommands, joined to the code that they call.
 */
import type { Command } from "commander";
import type { Adapters } from "./adapters.js";
import { agentCommand } from "./cli/agent.js";
import { drainCommand } from "./cli/drain.js";
import { probeCommand } from "./cli/probe.js";
import { statusCommand } from "./cli/status.js";
import { readCommand } from "./server/command.js";
import { gather } from "./server/start.js";
import { exitCode, Failure } from "./system/failure.js";

export function defineAgent({ read, ...adapters }: Adapters): Command {
  return agentCommand(async (words, flags, parent) => {
    const command = readCommand(words);
    if (command.kind === "untouched") {
      throw new Failure(exitCode.usage, "agent takes a server's command line, as run does");
    }
    const load = () => {
      const { settings, host, log } = read(flags);
      const start = gather(command, settings, { ...adapters, host });
      if (start.member !== undefined) return { start, member: start.member, settings, log };
      throw new Failure(exitCode.config, "an agent without a namespace and a service has no peers");
    };
    if (parent !== undefined && !/^\d{1,9}$/.test(parent)) {
      throw new Failure(
        exitCode.usage,
        `--parent: ${JSON.stringify(parent)} is no process's number`,
      );
    }
    const { startAgent } = await import("./server/agent.js");
    await startAgent(load, parent === undefined ? undefined : Number(parent), adapters);
  });
}

export function defineStatus({ read, print, ...adapters }: Adapters): Command {
  return statusCommand(async (flags, how) => {
    const { settings, host } = read(flags);
    const { showStatus } = await import("./status/status.js");
    await showStatus(settings, host, how, { ...adapters, print });
  });
}

export function defineProbe({ read, print, signal }: Adapters): Command {
  return probeCommand(async (probe, flags) => {
    const { settings } = read(flags);
    const { askHealth } = await import("./agent/http/probe.js");
    print(await askHealth(probe, settings, signal));
  });
}

export function defineDrain({ read, env, clock, signal }: Adapters): Command {
  return drainCommand(async (flags) => {
    const { settings, log } = read(flags);
    const { drainHere } = await import("./agent/drain/drain-here.js");
    await drainHere(settings, env, { clock, log, signal });
  });
}
