import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { build } from "esbuild";

/** What became of a write in another process, and what that process then saw. */
export interface Written {
  readonly outcome: string;
  readonly exitCode: number;
  readonly content: string;
  /** All names in the file's directory. */
  readonly files: readonly string[];
}

export interface Write {
  readonly path: string;
  readonly text: string;
  /** A shell script for the process's own mount namespace; `$1` is the file's directory. */
  readonly setup?: string;
  /** Whether it runs as a user whom root's privileges do not help. */
  readonly asNobody?: boolean;
}

const isRoot = process.getuid?.() === 0;
let program = "";

/** Bundles writeIfChanged into a program of its own; to be called first. */
export async function buildWriter(directory: string): Promise<void> {
  program = join(directory, "writer.mjs");
  await build({
    stdin: { contents: source, resolveDir: import.meta.dirname, loader: "ts" },
    outfile: program,
    bundle: true,
    format: "esm",
    platform: "node",
  });
}

/** Calls writeIfChanged in a process that has its own mounts, which go when it ends. */
export function writeElsewhere({ path, text, setup = ":", asNobody = false }: Write): Written {
  const node = [process.execPath, program, path, text];
  const unshare = ["unshare", "--mount", ...(isRoot ? [] : ["--map-root-user"])];
  const script = `set -e; ${setup}; shift; exec "$@"`;
  const [file = "", ...args] = asNobody
    ? node
    : [...unshare, "sh", "-c", script, "sh", join(path, ".."), ...node];
  const done = spawnSync(file, args, {
    encoding: "utf8",
    ...(asNobody && isRoot && { uid: 65534, gid: 65534 }),
  });
  if (done.error !== undefined) throw done.error;
  if (done.status !== 0) throw new Error(done.stderr);
  return JSON.parse(done.stdout);
}

const source = `
  import { readdirSync, readFileSync } from "node:fs";
  import { dirname } from "node:path";
  import { writeIfChanged } from "../../src/cnf/write.js";

  const [path = "", text = ""] = process.argv.slice(2);
  const result = { outcome: "", exitCode: 0 };
  try {
    result.outcome = writeIfChanged(path, text);
  } catch (failure) {
    result.outcome = failure.message;
    result.exitCode = failure.exitCode;
  }
  const content = readFileSync(path, "latin1");
  const files = readdirSync(dirname(path)).sort();
  console.log(JSON.stringify({ ...result, content, files }));
`;
