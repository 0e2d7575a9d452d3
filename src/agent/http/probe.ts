/*
 * `galera-peers probe`, for images that prefer exec probes: asks this pod's agent, which serves the
 * same over HTTP. It is called every few seconds, so the request is written by hand: node:http costs
 * half as much again as all the rest.
 */

import { connect } from "node:net";
import { FormatError, field, flag, fromJson, line } from "../../bootstrap/format.js";
import { formatServer } from "../../dns/lookup.js";
import type { Settings } from "../../settings.js";
import { errnoOf, exitCode, Failure, messageOf } from "../../system/failure.js";
import { type Probe, probePaths } from "../probes.js";
import { agentHere } from "./here.js";

/** The agent may have to wait for its server, which gets 400 ms for each of its answers. */
const timeoutMs = 2000;
/** An answer has some hundred bytes; whoever sends more is no agent. */
const mostBytes = 8192;

/**
 * A liveness that nobody can tell is no reason to end a server: without an agent it succeeds, and says so.
 *
 * @returns why all is well
 * @throws Failure 1 that says in one line why not, or why nobody knows; the signal's reason
 */
export async function askHealth(
  probe: Probe,
  settings: Settings,
  signal: AbortSignal,
): Promise<string> {
  const { host, port } = agentHere(settings);
  const nobody = (why: string) =>
    new Failure(
      exitCode.unhealthy,
      `no agent answers on ${formatServer({ host, port })} (POD_IP, GALERA_AGENT_PORT): ${why}`,
    );
  const answer = await get(host, port, probePaths[probe], signal).catch((error) => {
    signal.throwIfAborted();
    return nobody(errnoOf(error) ?? messageOf(error));
  });
  if (answer instanceof Failure) {
    if (probe === "liveness") return answer.message;
    throw answer;
  }
  const { ok, why } = read(answer, nobody);
  if (!ok) throw new Failure(exitCode.unhealthy, why);
  return why;
}

function read(answer: string, nobody: (why: string) => Failure) {
  const [, status = "none"] = /^HTTP\/1\.1 (\d{3}) /.exec(answer) ?? [];
  if (status !== "200" && status !== "503") throw nobody(`status ${status}`);
  try {
    const value = fromJson(answer.slice(answer.indexOf("\r\n\r\n") + 4));
    return { ok: field(value, "ok", "health", flag), why: field(value, "why", "health", line) };
  } catch (error) {
    throw error instanceof FormatError ? nobody(error.message) : error;
  }
}

/** All that comes back until the other side hangs up. */
function get(host: string, port: number, path: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal });
    const timer = setTimeout(() => socket.destroy(new Error("no answer")), timeoutMs);
    let answer = "";
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      answer += text;
      if (answer.length > mostBytes) socket.destroy(new Error("an answer too long for an agent's"));
    });
    socket.on("error", reject);
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(answer);
    });
    socket.write(`GET ${path} HTTP/1.1\r\nhost: agent\r\nconnection: close\r\n\r\n`);
  });
}
