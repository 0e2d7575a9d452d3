/** `npm run model`: bundles the model checker with the code that it checks, and runs it. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";

const directory = mkdtempSync(join(tmpdir(), "galera-peers-model-"));
const outfile = join(directory, "model.mjs");
await build({
  entryPoints: ["test/model/main.ts"],
  ...{ outfile, bundle: true, format: "esm", platform: "node", target: "node22" },
});
const heap = "--max-old-space-size=8192";
const { status } = spawnSync(process.execPath, [heap, outfile, ...process.argv.slice(2)], {
  stdio: "inherit",
});
rmSync(directory, { recursive: true });
process.exit(status ?? 1);
