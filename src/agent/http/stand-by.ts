/*
 * A sidecar that comes up after `run` has left an agent of its own behind stands by: that one ends with
 * its server.
 */
import { Failure } from "../../system/failure.js";
import type { Log } from "../../system/log.js";
import { createLocalAgent, type LocalAgent } from "./local.js";

export interface StandByOptions {
  readonly name: string;
  /** An address of this pod. */
  readonly address: string;
  readonly port: number;
  readonly key: string | undefined;
  readonly parent: number | undefined;
}

/** Whether whoever holds my port gives it up one day; says so once. */
export function createStandBy(
  { name, address, port, key, parent }: StandByOptions,
  log: Log,
  signal: AbortSignal,
): () => Promise<boolean> {
  const holder = createLocalAgent({ host: address, port, key });
  let isKnown = false;
  return async () => {
    if (parent !== undefined) return false;
    const whose = await whoseAgent(holder, name, signal);
    const isMine = whose === "my pod's" || (isKnown && whose === "silent");
    if (isMine && !isKnown)
      log("info", "another agent of this pod is up: I take over when it ends");
    isKnown = isMine;
    return isMine;
  };
}

async function whoseAgent(
  holder: LocalAgent,
  name: string,
  signal: AbortSignal,
): Promise<"my pod's" | "another" | "silent"> {
  try {
    const about = await holder.about(signal);
    if (about === undefined) return "silent";
    return about.name === name && about.parent !== undefined ? "my pod's" : "another";
  } catch (error) {
    if (error instanceof Failure) return "another"; // none of ours answers so
    throw error;
  }
}
