import type { Settings } from "../../settings.js";
import { chosenTls } from "../../tls/chosen.js";
import { loadTls } from "../../tls/files.js";
import type { PeerTls } from "./secure.js";

/**
 * How this pod's agent, or whoever asks agents from this pod, encrypts; undefined where the settings want
 * no TLS: node:tls is not loaded then.
 *
 * @throws Failure 78 as loadTls and chosenTls
 */
export async function openPeerTls(settings: Settings): Promise<PeerTls | undefined> {
  const chosen = chosenTls(settings);
  if (chosen === undefined) return undefined;
  const { pem } = loadTls(chosen.dir, Date.now());
  const { createPeerTls } = await import("./secure.js");
  return createPeerTls(chosen.mode, pem);
}
