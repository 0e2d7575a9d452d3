import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { type Manifest, only } from "./render.js";
import { renderings } from "./renderings.js";

/*
 * Kubernetes' published schemas, as kubernetes-models has them: its validators know types, values and
 * formats, but let unknown fields pass; its TypeScript types refuse those.
 */

/** The module that has a kind, by its apiVersion. */
function moduleOf(apiVersion: string): string {
  const [group = ""] = apiVersion.split("/");
  const others: Readonly<Record<string, string>> = {
    "monitoring.coreos.com": "@kubernetes-models/prometheus-operator",
    "cert-manager.io": "@kubernetes-models/cert-manager",
  };
  return `${others[group] ?? "kubernetes-models"}/${apiVersion}`;
}

async function validate(manifest: Manifest): Promise<void> {
  const { [manifest.kind]: Model } = await import(moduleOf(manifest.apiVersion));
  new Model(manifest).validate();
}

/** What the compiler says of manifests written as literals; nothing where they are right. */
function compile(manifests: readonly Manifest[]): string {
  const directory = mkdtempSync(join(tmpdir(), "galera-types-"));
  try {
    symlinkSync(resolve("node_modules"), join(directory, "node_modules"));
    const lines = manifests.map(({ apiVersion, kind, ...rest }) => {
      const literal = JSON.stringify({ apiVersion, kind, ...rest });
      return `(${literal}) satisfies import(${JSON.stringify(moduleOf(apiVersion))}).I${kind};`;
    });
    writeFileSync(join(directory, "package.json"), '{ "type": "module" }');
    writeFileSync(join(directory, "manifests.ts"), `export {};\n${lines.join("\n")}\n`);
    const options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext"];
    execFileSync(resolve("node_modules/.bin/tsc"), [...options, "manifests.ts"], {
      cwd: directory,
      encoding: "utf8",
    });
    return "";
  } catch (error) {
    return (error as { stdout?: string }).stdout || String(error);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const statefulSet = only(renderings[0]?.manifests ?? [], "StatefulSet");

test.each(renderings)("$name: values and formats", async ({ manifests }) => {
  expect(manifests.length).toBeGreaterThan(8);
  for (const manifest of manifests) await validate(manifest);
});

test("fields: all are known", () => {
  const each = renderings.flatMap(({ manifests }) => manifests.map((one) => JSON.stringify(one)));
  expect(compile([...new Set(each)].map((text) => JSON.parse(text)))).toBe("");
}, 60_000);

test("a wrong value is refused", async () => {
  const wrong = { ...statefulSet, spec: { ...statefulSet.spec, replicas: "3" } };
  await expect(validate(wrong)).rejects.toThrow("data/spec/replicas must be integer");
});

test("an unknown field is refused, in every kind, and however deep", () => {
  const all = renderings.flatMap(({ manifests }) => manifests);
  const kinds = new Map(all.map((one) => [one.kind, one]));
  const wrong = [...kinds.values()].map((one) =>
    one.spec === undefined ? { ...one, unknown: 1 } : { ...one, spec: { ...one.spec, unknown: 1 } },
  );
  const deep = structuredClone(statefulSet);
  deep.spec.template.spec.containers[0].readinessProbe.failureTreshold = 2;
  const lines = compile([...wrong, deep])
    .trim()
    .split("\n");
  expect(lines).toHaveLength(wrong.length + 1);
  for (const line of lines) {
    expect(line).toMatch(/'"?(unknown|failureTreshold)"?' does not exist in type/);
  }
}, 60_000);
