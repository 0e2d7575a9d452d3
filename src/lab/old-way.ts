/*
 * What this program replaces, as a lab can have it: the first to see nobody else in DNS founds
 * (configure-galera.sh), a bare server in each pod, no drain, and one headless Service with
 * publishNotReadyAddresses for members and clients alike.
 */
import type { LabSettings } from "./lab.js";

export const oldWay: Pick<LabSettings, "settings" | "clients"> = {
  settings: { GALERA_AGENT: "off", GALERA_BOOTSTRAP: "sole-peer" },
  clients: "published",
};
