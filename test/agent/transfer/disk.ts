import type { See } from "../../../src/agent/transfer/walk.js";

/** Files by their path: how large, and when they changed. A directory has no size. */
export type Disk = Readonly<
  Record<string, readonly [bytes: number | undefined, changedMs: number]>
>;

/** As a walk through it. */
export function show(disk: Disk, see: See): void {
  for (const [path, [bytes, changedMs]] of Object.entries(disk)) see({ path, bytes, changedMs });
}
