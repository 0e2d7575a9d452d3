import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { exportedVariables, readVariables } from "../../src/server/initialise/variables.js";
import { settings } from "../../src/setting-table.js";
import { only, parse as parseAll, render } from "../deploy/render.js";

const text = readFileSync("docs/migrating.md", "utf8");
const article = parseAll(readFileSync("test/fixtures/article.yaml", "utf8"));

/** The cells of all tables with these headings. */
const rowsOf = (...headings: readonly string[]): string[][] =>
  text
    .split("\n\n")
    .filter((block) => block.startsWith(`| ${headings.join(" | ")} |`))
    .flatMap((table) => table.trim().split("\n").slice(2))
    .map((row) => row.slice(2, -2).split(" | "));

const words = (cell = "") => [...cell.matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word);

const settingRows = rowsOf("there", "here", "").concat(rowsOf("there", "here"));

test("each setting says what becomes of it", () => {
  expect(settingRows.length).toBeGreaterThan(45);
  for (const [there, here, what] of settingRows) {
    expect(there).not.toBe("");
    expect(here === "–" ? what : here).toBeTruthy();
    if (here === "–") expect(what).toMatch(/^(not needed|not offered|refused)/);
  }
});

test("what it calls a variable of ours is one", () => {
  const known = new Set<string>([
    ...Object.values(settings).map(({ env }) => env),
    ...Object.keys(exportedVariables({})),
    "MARIADB_AUTO_UPGRADE",
  ]);
  const named = settingRows
    .flatMap(([, here]) => words(here))
    .concat([...text.matchAll(/\bGALERA_(?!PETSET)[A-Z_]+/g)].map(([word]) => word))
    .filter((word) => /^(GALERA|MARIADB|POD|MYSQL)_[A-Z_]+/.test(word))
    .map((word) => word.replace(/=.*/, ""))
    .filter(
      (word) => !/^GALERA_(CLUSTER_(BOOTSTRAP|ADDRESS)|NODE_|FORCE_SAFE|MARIABACKUP)/.test(word),
    );
  expect(named.length).toBeGreaterThan(20);
  for (const word of named) expect(known).toContain(word);
});

test("adfinis' variables are read by their old names", () => {
  const problems: string[] = [];
  const given = {
    MYSQL_ROOT_PASSWORD: "r",
    MYSQL_USER: "u",
    MYSQL_PASSWORD: "p",
    MYSQL_DATABASE: "d",
  };
  expect(readVariables(given, problems)).toEqual({
    ...{ MARIADB_ROOT_PASSWORD: "r", MARIADB_USER: "u", MARIADB_PASSWORD: "p" },
    MARIADB_DATABASE: "d",
  });
  expect(problems).toEqual([]);
});

test("its links lead somewhere", () => {
  const links = [...text.matchAll(/\]\((?!https:)([^)#]*)(?:#([^)]+))?\)/g)];
  expect(links.length).toBeGreaterThan(12);
  for (const [, file = "", anchor] of links) {
    const path = file === "" ? "docs/migrating.md" : join("docs", file);
    expect(existsSync(path), path).toBe(true);
    if (anchor === undefined) continue;
    const headings = readFileSync(path, "utf8").match(/^#+ .*$/gm) ?? [];
    const anchors = headings.map((heading) =>
      heading
        .replace(/^#+ /, "")
        .toLowerCase()
        .replace(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    );
    expect(anchors, `${path}#${anchor}`).toContain(anchor);
  }
});

/** The overlays of the page, for a copy of deploy/. */
const [overlay = "", otherPatch = ""] = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(
  ([, yaml = ""]) => yaml,
);
const rendered = (yaml: string) =>
  render("overlays/moved", (copy) => {
    mkdirSync(join(copy, "overlays/moved"));
    writeFileSync(join(copy, "overlays/moved/kustomization.yaml"), yaml);
  });

/** What a StatefulSet makes of its claims and mounts: each container's mount at the datadir. */
function dataMounts({ spec }: { readonly spec: ReturnType<typeof parse> }) {
  const { containers, initContainers } = spec.template.spec;
  return [...initContainers, ...containers].map(
    ({ volumeMounts }: { volumeMounts: { mountPath: string }[] }) =>
      volumeMounts.find(({ mountPath }) => mountPath === "/var/lib/mysql"),
  );
}

test("the overlay for adfinis' names mounts the claims that there are", () => {
  const manifests = rendered(overlay);
  const set = only(manifests, "StatefulSet");
  expect(set.metadata.name).toBe("galera");
  expect(set.spec.updateStrategy).toEqual({ type: "OnDelete" });
  expect(set.spec.volumeClaimTemplates.map((one: { metadata: unknown }) => one.metadata)).toEqual([
    { name: "datadir" },
  ]);
  const mount = { name: "datadir", mountPath: "/var/lib/mysql", subPath: "data" };
  expect(dataMounts(set)).toEqual([mount, mount]);
  const config = manifests.find(
    ({ kind, metadata }) => kind === "ConfigMap" && metadata.name.startsWith("galera-settings"),
  );
  expect(config.data).toMatchObject({ GALERA_CLUSTER_NAME: "galera", GALERA_REPLICAS: "3" });
});

test("the patch for Bitnami's names leaves claims and mounts as its chart has them", () => {
  const base = parse(overlay);
  const set = only(
    rendered(JSON.stringify({ ...base, patches: parse(otherPatch) })),
    "StatefulSet",
  );
  expect(set.metadata.name).toBe("shop-mariadb-galera");
  expect(set.spec.volumeClaimTemplates[0].metadata.name).toBe("data");
  const mount = { name: "data", mountPath: "/var/lib/mysql", subPath: "data" };
  expect(dataMounts(set)).toEqual([mount, mount]);
});

test("the article's manifest has the faults that it is said to have, and the base has not", () => {
  const base = render("base");
  for (const [manifests, isFaulty] of [
    [article, true],
    [base, false],
  ] as const) {
    const set = only(manifests, "StatefulSet");
    const budget = only(manifests, "PodDisruptionBudget");
    const { metadata, spec } = set.spec.template;
    const server = spec.containers[0];
    const covered = Object.entries(budget.spec.selector.matchLabels).every(
      ([key, value]) => metadata.labels[key] === value,
    );
    const faults = {
      "covers no pod": !covered,
      "policy/v1beta1": budget.apiVersion === "policy/v1beta1",
      "password on the probe": JSON.stringify(server.readinessProbe).includes("PASSWORD"),
      "no other probe": server.livenessProbe === undefined && server.startupProbe === undefined,
      "one Service": manifests.filter(({ kind }) => kind === "Service").length === 1,
      "plain password": server.env.some(
        ({ name, value }: { name: string; value?: string }) => /PASSWORD$/.test(name) && value,
      ),
      "pulled always": server.imagePullPolicy === "Always",
      "emptyDir for data": set.spec.volumeClaimTemplates === undefined,
      "in order": set.spec.podManagementPolicy !== "Parallel",
      "no limit": server.resources.limits?.memory === undefined,
      "no preStop": server.lifecycle === undefined,
      "open ports": !manifests.some(({ kind }) => kind === "NetworkPolicy"),
      "any capability": server.securityContext.capabilities === undefined,
      "no zones": spec.topologySpreadConstraints === undefined,
    };
    for (const [fault, has] of Object.entries(faults))
      expect([fault, Boolean(has)]).toEqual([fault, isFaulty]);
  }
});

test("only marked lines of the article's manifest are not the article's", () => {
  const lines = readFileSync("test/fixtures/article.yaml", "utf8").split("\n");
  expect(lines.filter((line) => line.includes("# changed"))).toHaveLength(2);
  expect(only(article, "StatefulSet").spec.template.spec.containers[0].image).toMatch(
    /^galera-peers:/,
  );
});
