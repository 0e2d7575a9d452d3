/*
 * What each component is for, and an apply without secrets.
 */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { dashboard, rules } from "./monitoring.js";
import { type Manifest, only, parse, render, renderText } from "./render.js";

vi.setConfig({ testTimeout: 60_000 }); // kubectl takes seconds on a busy machine

const podOf = (manifests: readonly Manifest[]) => only(manifests, "StatefulSet").spec.template.spec;

describe("without the secrets' files", () => {
  test.each(["root-password", "agent-key"])("%s: nothing is rendered", (name) => {
    const withoutIt = () =>
      renderText("base", (deploy) => rmSync(join(deploy, "base/secrets", name)));
    expect(withoutIt).toThrow(`secrets/${name}: no such file`);
  });

  test("git ignores them", () => {
    expect(readFileSync(".gitignore", "utf8").split("\n")).toContain("deploy/base/secrets/");
  });

  test("a new one reaches the pods without their restart", () => {
    expect(only(render("base"), "Secret").metadata.name).toBe("galera");
  });
});

test("options and settings of one's own restart the members", () => {
  const names = render("base")
    .filter(({ kind }) => kind === "ConfigMap")
    .map(({ metadata }) => metadata.name);
  expect(names).toHaveLength(2);
  for (const name of names) expect(name).toMatch(/^galera-(settings|options)-\w{10}$/);
});

describe("tls", () => {
  const manifests = render("overlays/tls");
  const pod = podOf(manifests);

  test("both containers have the directory that the setting names", () => {
    const settings = manifests.find(({ metadata }) => /^galera-settings-/.test(metadata.name));
    expect(settings.data).toEqual({ GALERA_REPLICAS: "3", GALERA_TLS_DIR: "/tls" });
    for (const { volumeMounts } of [pod.initContainers[0], pod.containers[0]]) {
      // The whole directory: a subPath is never renewed.
      expect(volumeMounts).toContainEqual({ name: "tls", mountPath: "/tls", readOnly: true });
    }
    expect(pod.volumes).toContainEqual({
      ...{ name: "tls", secret: { secretName: "galera-tls", defaultMode: 0o440 } },
    });
  });

  const certificate = (name: string) => only(manifests, "Certificate", name).spec;
  const issuer = (name: string) => only(manifests, "Issuer", name).spec;

  test("cert-manager issues for members and clients", () => {
    const { secretName, usages, dnsNames, issuerRef } = certificate("galera-tls");
    expect(secretName).toBe("galera-tls");
    const page = readFileSync("docs/tls.md", "utf8");
    const [, listed = ""] = /^ {2}usages: \[(.+)\]$/m.exec(page) ?? [];
    expect(usages).toEqual(listed.split(", "));
    const services = manifests.filter(({ kind }) => kind === "Service");
    for (const { metadata } of services) expect(dnsNames).toContain(metadata.name);
    expect(issuer(issuerRef.name).ca.secretName).toBe(certificate("galera-ca").secretName);
  });

  test("the authority is this cluster's, and stays", () => {
    const { isCA, privateKey, issuerRef } = certificate("galera-ca");
    expect({ isCA, rotationPolicy: privateKey.rotationPolicy }).toEqual({
      ...{ isCA: true, rotationPolicy: "Never" },
    });
    expect(issuer(issuerRef.name)).toEqual({ selfSigned: {} });
  });
});

describe("monitoring", () => {
  const manifests = render("overlays/monitoring");

  test("the PodMonitor asks a port that a container has", () => {
    const endpoints = only(manifests, "PodMonitor").spec.podMetricsEndpoints;
    expect(endpoints).toHaveLength(1);
    const { initContainers, containers } = podOf(manifests);
    const ports = [...initContainers, ...containers].flatMap(({ ports }) => ports);
    expect(ports).toContainEqual({ name: endpoints[0].port, containerPort: 4569 });
    expect(endpoints[0].path ?? "/metrics").toBe("/metrics");
    expect(endpoints[0].scheme ?? "http").toBe("http");
  });

  test("Grafana's sidecar finds the dashboard", () => {
    const { metadata, data } = only(manifests, "ConfigMap", "galera-dashboard");
    expect(metadata.labels.grafana_dashboard).toBe("1");
    expect(Object.keys(data)).toEqual(["galera.json"]);
    expect(JSON.parse(data["galera.json"])).toEqual(dashboard);
  });

  test("kustomize leaves the rules as they are", () => {
    expect(only(manifests, "PrometheusRule").spec).toEqual(parse(rules)[0]);
  });
});
