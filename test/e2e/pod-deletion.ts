import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { podProcess } from "../../src/lab/pod.js";
import type { Cluster } from "./cluster.js";

const program = fileURLToPath(new URL("../../bin/galera-peers.js", import.meta.url));

export interface DeletionOptions {
  /** The cluster's. */
  readonly block: number;
  /** What all its containers have, and what the hook has besides. */
  readonly env: Readonly<Record<string, string>>;
}

/** What the kubelet does to a pod that is deleted: preStop to its end, then SIGTERM; DNS forgets it. */
export async function deletePod(
  cluster: Cluster,
  i: number,
  { block, env }: DeletionOptions,
): Promise<void> {
  const { dir, dns } = cluster;
  const lab = { name: "proof", dir };
  const template = { lab, block, dns: `${dns.host}:${dns.port}`, args: [], env: process.env };
  const pod = { ...podProcess(template, i).env, ...env, POD_IP: cluster.address(i) };
  const { exitCode, stderr } = await execa(process.execPath, [program, "drain"], {
    env: pod,
    extendEnv: false,
    reject: false,
  });
  assert.equal(exitCode, 0, `drain of galera-${i}: ${stderr}`);
  await cluster.remove(i);
}
