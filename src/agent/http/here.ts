import type { Settings } from "../../settings.js";

/** Where the members' agents listen, unless it is set. */
export const defaultAgentPort = 4569;

/** Where this pod's own agent listens. */
export function agentHere({ podIp, agentPort = defaultAgentPort }: Settings) {
  return { host: podIp?.[0] ?? "127.0.0.1", port: agentPort };
}
