import { readFileSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import { errnoOf } from "./failure.js";
import { type Limits, readLimits } from "./limits.js";

/** What this machine or container says about itself, read once at the start. */
export interface Host {
  readonly hostname: string;
  /** /etc/hosts, where kubelet writes `IP fqdn name` for the pod. */
  readonly hosts: string;
  readonly resolvConf: string;
  /** The service account's namespace file; undefined where there is none. */
  readonly namespace: string | undefined;
  /** The addresses of all interfaces. */
  readonly addresses: readonly string[];
  readonly limits: Limits;
}

const namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/**
 * @param warn told of a file that is there but cannot be read; the start goes on without it
 * @param root what stands before `/etc` and `/var`: another directory in tests
 */
export function readHost(warn: (message: string) => void, root = ""): Host {
  const text = (path: string) => {
    try {
      return readFileSync(root + path, "utf8");
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") warn(`${path} cannot be read (${errnoOf(error)})`);
      return undefined;
    }
  };
  return {
    hostname: hostname(),
    hosts: text("/etc/hosts") ?? "",
    resolvConf: text("/etc/resolv.conf") ?? "",
    namespace: text(namespaceFile)?.trim() || undefined,
    addresses: Object.values(networkInterfaces()).flatMap((found = []) =>
      found.map(({ address }) => address),
    ),
    limits: readLimits(root),
  };
}
