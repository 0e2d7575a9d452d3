/*
 * The manifests of deploy/ as `kubectl kustomize` renders them, and Kubernetes reads them.
 */
import { cpSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execaSync } from "execa";
import { parseAllDocuments } from "yaml";
import { kubectl } from "./kubectl.js";

const deploy = fileURLToPath(new URL("../../deploy", import.meta.url));

// biome-ignore lint/suspicious/noExplicitAny: of whatever kind; test/deploy/schema.test.ts holds them to Kubernetes' types
export type Manifest = any;

/** The overlays that deploy/ has. */
export const overlays = globSync("*", { cwd: join(deploy, "overlays") }).toSorted();

/** What a user makes by hand before the first apply, with contents that are no secret. */
export const secrets = { "root-password": "not-a-secret", "agent-key": "not-a-key-of-anybody" };

/**
 * What `kubectl apply -k` would apply.
 *
 * @param directory in deploy/: `base`, `overlays/tls`
 * @param change makes of a copy of deploy/, which has the secrets' files, what a user would
 * @throws Error with what kubectl says
 */
export function render(directory: string, change?: (copy: string) => void): Manifest[] {
  return parse(renderText(directory, change));
}

/** The same as text. */
export function renderText(directory: string, change?: (copy: string) => void): string {
  const root = mkdtempSync(join(tmpdir(), "galera-deploy-"));
  try {
    cpSync(deploy, root, { recursive: true });
    const ours = join(root, "base/secrets");
    mkdirSync(ours, { recursive: true });
    for (const [name, text] of Object.entries(secrets)) writeFileSync(join(ours, name), text);
    change?.(root);
    return execaSync(kubectl(), ["kustomize", join(root, directory)]).stdout;
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** Of YAML 1.1, as Kubernetes reads it: 0440 is octal, and `on` without quotes is true. */
export function parse(text: string): Manifest[] {
  return parseAllDocuments(text, { version: "1.1" }).map((document) => document.toJS());
}

/** The one object of a kind, with a name where there are several. */
export function only(manifests: readonly Manifest[], kind: string, name?: string): Manifest {
  const found = manifests.filter(
    (one) => one.kind === kind && (name === undefined || one.metadata.name === name),
  );
  if (found.length !== 1) throw new Error(`${found.length} of kind ${kind} ${name ?? ""}`);
  return found[0];
}
