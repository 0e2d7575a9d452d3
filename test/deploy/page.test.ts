/*
 * The commands and files of docs/kubernetes.md, as they stand there: as far as they go without a cluster.
 */
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execaSync } from "execa";
import { expect, test, vi } from "vitest";
import { readSettings } from "../../src/settings.js";
import { scratch } from "../agent/members.js";
import { kubectl } from "./kubectl.js";
import { rules } from "./monitoring.js";
import { type Manifest, only, overlays, parse, render } from "./render.js";

vi.setConfig({ testTimeout: 60_000 }); // kubectl takes seconds on a busy machine

const page = readFileSync("docs/kubernetes.md", "utf8");
const blocks = [...page.matchAll(/^( *)```(\w+)\n(.*?)^ *```$/gms)].map(
  ([, indent = "", language, text = ""]) => ({
    language,
    text: text.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  }),
);
const commands = [
  ...blocks
    .filter(({ language }) => language === "sh")
    .flatMap(({ text }) => text.trim().split("\n")),
  ...[...page.matchAll(/`(kubectl [^`]+)`/g)].map(([, text = ""]) => text),
];
const block = (part: string) => blocks.find(({ text }) => text.includes(part))?.text ?? "";

/** A checkout with nothing but deploy/, as it is in git. */
function checkout(): string {
  const directory = scratch();
  const filter = (path: string) => !path.endsWith("/secrets");
  cpSync("deploy", join(directory, "deploy"), { recursive: true, filter });
  return directory;
}

const shell = (script: string, cwd: string) => execaSync("bash", ["-ec", script], { cwd });

test("after the page's secrets, and not before, the base can be applied", () => {
  const cwd = checkout();
  const kustomize = () => execaSync(kubectl(), ["kustomize", "deploy/base"], { cwd }).stdout;
  expect(kustomize).toThrow("base/secrets: no such file");
  shell(block("openssl rand"), cwd);
  const { data } = only(parse(kustomize()), "Secret", "galera");
  for (const [name, entry] of Object.entries(data)) {
    const text = Buffer.from(entry as string, "base64").toString();
    expect(text, name).toMatch(/^[A-Za-z0-9+/]{32,}=*\n$/);
  }
  expect(Object.keys(data)).toHaveLength(2);
});

test("the overlay of one's own", () => {
  const [, file = ""] = /`(deploy\/overlays\/mine\/kustomization\.yaml)`/.exec(page) ?? [];
  const { text = "" } = blocks.find(({ language }) => language === "yaml") ?? {};
  const manifests = render("overlays/mine", (deploy) => {
    mkdirSync(join(deploy, "overlays/mine"));
    writeFileSync(join(deploy, file.replace("deploy/", "")), text);
  });
  for (const { metadata } of manifests) expect(metadata.namespace).toBe("db");
  const { replicas, template, volumeClaimTemplates } = only(manifests, "StatefulSet").spec;
  const [server] = template.spec.containers;
  const [agent] = template.spec.initContainers;
  expect(replicas).toBe(5);
  expect(agent.image).toBe("registry.example.com/galera-peers:0.1.0");
  expect(server.image).toBe(agent.image);
  expect(server.resources).toEqual({
    requests: { cpu: "500m", memory: "8Gi" },
    limits: { cpu: "4", memory: "8Gi" },
  });
  expect(volumeClaimTemplates[0].spec.resources.requests.storage).toBe("100Gi");
  const own = manifests.find(({ metadata }) => /^galera-settings-/.test(metadata.name));
  expect(own.data).toEqual({
    ...{ GALERA_REPLICAS: "5", GALERA_FAILOVER: "fast", GALERA_TLS_DIR: "/tls" },
    MARIADB_DATABASE: "shop",
  });
  expect(server.envFrom[0].configMapRef.name).toBe(own.metadata.name);
  only(manifests, "PodMonitor");
  only(manifests, "Certificate", "galera-tls");
});

test("labels for a Prometheus operator that looks for some", () => {
  const [, labels = ""] = /`(labels: \[.+?\])`/.exec(page) ?? [];
  const manifests = render("overlays/monitoring", (deploy) => {
    const file = join(deploy, "overlays/monitoring/kustomization.yaml");
    writeFileSync(file, `${readFileSync(file, "utf8")}${labels}\n`);
  });
  for (const kind of ["PodMonitor", "PrometheusRule"]) {
    expect(only(manifests, kind).metadata.labels.release).toBe("kube-prometheus-stack");
  }
});

test("the rule file for a Prometheus without the operator", () => {
  const cwd = checkout();
  shell(block("rules.yaml"), cwd);
  expect(readFileSync(join(cwd, "galera-rules.yaml"), "utf8")).toBe(rules);
});

test("without cert-manager, the overlay tls asks for its Secret alone", () => {
  const manifests = render("overlays/tls", (deploy) => {
    const file = join(deploy, "overlays/tls/kustomization.yaml");
    const lines = readFileSync(file, "utf8").split("\n");
    writeFileSync(file, lines.filter((line) => !line.includes("cert-manager")).join("\n"));
  });
  expect(manifests.filter(({ apiVersion }) => apiVersion.startsWith("cert-manager"))).toEqual([]);
  const made = commands.find((one) => one.includes("create secret")) ?? "";
  expect(made.split(" ").slice(0, 5)).toEqual([
    "kubectl",
    "create",
    "secret",
    "generic",
    "galera-tls",
  ]);
});

test("every overlay is in its table, and every component in an overlay", () => {
  const named = [...page.matchAll(/^\| `deploy\/overlays\/([\w-]+)` \|/gm)].map(([, name]) => name);
  expect(named.toSorted()).toEqual(overlays);
  const used = overlays.map((name) =>
    readFileSync(`deploy/overlays/${name}/kustomization.yaml`, "utf8"),
  );
  const components = globSync("*", { cwd: "deploy/components" });
  expect(components).toHaveLength(6);
  for (const name of components) {
    expect(used.some((text) => text.includes(`- ../../components/${name}\n`))).toBe(true);
  }
});

test("commands name files, workloads and containers that there are", () => {
  const base = render("base");
  expect(commands.length).toBeGreaterThan(15);
  for (const command of commands) {
    const [, kustomization] = / -k (\S+)/.exec(command) ?? [];
    if (kustomization !== undefined && !kustomization.endsWith("/mine")) {
      expect(existsSync(join(kustomization, "kustomization.yaml")), command).toBe(true);
    }
    const [, workload] = /statefulset[/ ](\S+)/.exec(command) ?? [];
    if (workload !== undefined) only(base, "StatefulSet", workload);
    const [, service] = /service\/(\S+)/.exec(command) ?? [];
    if (service !== undefined) only(base, "Service", service);
    const [, container] = / -c (\S+)/.exec(command) ?? [];
    if (container !== undefined) expect(["agent", "mariadb"]).toContain(container);
    if (/^kubectl (?!diff|create namespace|label)/.test(command) && !command.includes("mine")) {
      expect(command).toMatch(/ -n db( |$)/);
    }
  }
});

test("a token reaches the agent of the member that it names", () => {
  const text = block("jsonpath");
  const [, path = ""] = /jsonpath='\{\.(.+)\}'/.exec(text) ?? [];
  const { spec } = only(render("base"), "StatefulSet");
  const [{ configMapRef }] = spec.template.spec.initContainers[0].envFrom;
  const found = path.split(/[.[\]]+/).reduce((part: Manifest, name) => part[name], { spec });
  expect(found).toBe(configMapRef.name);
  const [, patch = ""] = /-p '(.+)'/.exec(text) ?? [];
  const [[variable, value] = []] = Object.entries<string>(JSON.parse(patch).data);
  expect(readSettings({}, { [variable ?? ""]: value }).forceBootstrap?.pod).toBe("galera-1");
  expect(text).toContain("kubectl exec galera-1 -c agent ");
});

test("claims are named as the StatefulSet names them", () => {
  const { metadata, spec } = only(render("base"), "StatefulSet");
  const claim = spec.volumeClaimTemplates[0].metadata.name;
  const deleted = commands.find((one) => one.includes("delete pvc")) ?? "";
  expect(deleted.match(/\S+-\d/g)).toEqual(
    [3, 4].map((ordinal) => `${claim}-${metadata.name}-${ordinal}`),
  );
});

test("flags are those of kubectl", () => {
  const ours = commands.filter((command) => command.startsWith("kubectl "));
  expect(ours.length).toBeGreaterThan(12);
  for (const command of ours) {
    const words = /^kubectl ((?:create )?(?:secret generic|rollout \w+|[a-z-]+))/.exec(
      command,
    )?.[1];
    const own = command.split(" -- ")[0] ?? "";
    const help = execaSync(kubectl(), [...(words ?? "").split(" "), "--help"]).stdout;
    const known = `${help}\n${execaSync(kubectl(), ["options"]).stdout}`;
    for (const [flag = ""] of own.matchAll(/(?<= )--?[a-z][a-z-]*/g)) {
      if (flag === "-it") continue; // -i and -t
      const isKnown = new RegExp(`^ +(-\\w, )?${flag}[,=]`, "m").test(known);
      expect(isKnown, `${flag} of ${command}`).toBe(true);
    }
  }
});
