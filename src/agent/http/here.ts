import type { Settings } from "../../settings.js";
import { defaultAgentPort } from "../consult.js";

/** Where this pod's own agent listens. */
export function agentHere({ podIp, agentPort = defaultAgentPort }: Settings) {
  return { host: podIp?.[0] ?? "127.0.0.1", port: agentPort };
}
