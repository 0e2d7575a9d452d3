import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { type Manifest, overlays, render } from "./render.js";

export interface Rendering {
  readonly name: string;
  /** What it has besides the base. */
  readonly components: readonly string[];
  readonly manifests: readonly Manifest[];
}

/** A user's overlay of several components. */
export function combined(...components: readonly string[]): Manifest[] {
  return render("overlays/mine", (deploy) => {
    mkdirSync(join(deploy, "overlays/mine"));
    const kustomization = {
      resources: ["../../base"],
      components: components.map((name) => `../../components/${name}`),
    };
    writeFileSync(join(deploy, "overlays/mine/kustomization.yaml"), stringify(kustomization));
  });
}

const together = [
  ["tls", "monitoring"],
  ["openshift", "tls", "cert-manager", "monitoring"],
  ["ordered-ready", "ephemeral"],
  ["ephemeral", "tls", "cert-manager", "monitoring", "openshift", "ordered-ready"],
];

/** All that has to hold for each of them: the base, each overlay, and several components at once. */
export const renderings: readonly Rendering[] = [
  { name: "base", components: [], manifests: render("base") },
  ...overlays.map((name) => ({
    name,
    components: [name],
    manifests: render(`overlays/${name}`),
  })),
  ...together.map((components) => ({
    name: components.join(" + "),
    components,
    manifests: combined(...components),
  })),
];
