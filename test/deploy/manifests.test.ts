/*
 * What the manifests mean, for the base, each overlay, and components that are used together.
 */
import { describe, expect, test } from "vitest";
import { partsOf } from "./parts.js";
import { type Manifest, only, secrets } from "./render.js";
import { renderings } from "./renderings.js";

const hasLabels = (labels: Manifest, wanted: Manifest) =>
  Object.entries(wanted).every(([name, value]) => labels[name] === value) &&
  Object.keys(wanted).length > 0;

describe.each(renderings)("$name", ({ components, manifests }) => {
  const has = (component: string) => components.includes(component);
  const { spec, metadata, pod, server, agent, settings, networkPolicies, service } =
    partsOf(manifests);

  test("whatever selects pods selects these", () => {
    const selectors = [
      spec.selector.matchLabels,
      service("galera").selector,
      service("mariadb").selector,
      only(manifests, "PodDisruptionBudget").spec.selector.matchLabels,
      ...networkPolicies.map((one) => one.spec.podSelector.matchLabels),
      ...pod.topologySpreadConstraints.map((one: Manifest) => one.labelSelector.matchLabels),
      ...pod.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution.map(
        (one: Manifest) => one.podAffinityTerm.labelSelector.matchLabels,
      ),
      ...manifests
        .filter(({ kind }) => kind === "PodMonitor")
        .map((one) => one.spec.selector.matchLabels),
    ];
    // A policy and a PodMonitor, and a policy.
    const more = (has("monitoring") ? 2 : 0) + (has("openshift") ? 1 : 0);
    expect(selectors).toHaveLength(7 + more);
    for (const selector of selectors) expect(hasLabels(metadata.labels, selector)).toBe(true);
  });

  test("has no namespace of its own", () => {
    for (const one of manifests) expect(one.metadata.namespace).toBeUndefined();
  });

  test("members find each other by the headless Service, ready or not", () => {
    const { selector, ...headless } = service(spec.serviceName);
    // A name, which SRV records need.
    expect(headless).toEqual({
      clusterIP: "None",
      publishNotReadyAddresses: true,
      ports: [{ name: "replication", port: 4567 }],
    });
    expect(server.ports).toContainEqual({ name: "replication", containerPort: 4567 });
  });

  test("clients come to ready members alone", () => {
    const { clusterIP, publishNotReadyAddresses = false, ports } = service("mariadb");
    expect({ clusterIP, publishNotReadyAddresses }).toEqual({ publishNotReadyAddresses: false });
    expect(ports).toEqual([{ name: "mysql", port: 3306, targetPort: "mysql" }]);
    expect(server.ports).toContainEqual({ name: "mysql", containerPort: 3306 });
  });

  test("a first start waits for all where all start at once", () => {
    const expected = has("ordered-ready")
      ? { podManagementPolicy: "OrderedReady", replicas: undefined }
      : { podManagementPolicy: "Parallel", replicas: `${spec.replicas}` };
    expect({
      podManagementPolicy: spec.podManagementPolicy,
      replicas: settings.GALERA_REPLICAS,
    }).toEqual(expected);
    expect(spec.replicas % 2).toBe(1);
  });

  test("one member at a time is taken away", () => {
    expect(spec.updateStrategy ?? { type: "RollingUpdate" }).toEqual({ type: "RollingUpdate" });
    expect(spec.minReadySeconds).toBeGreaterThan(0);
    const { maxUnavailable, unhealthyPodEvictionPolicy } = only(
      manifests,
      "PodDisruptionBudget",
    ).spec;
    expect(maxUnavailable).toBe(1);
    expect(unhealthyPodEvictionPolicy).toBe(has("ephemeral") ? "IfHealthyBudget" : "AlwaysAllow");
  });

  test("members are on different nodes and in different zones where there are some", () => {
    const [{ weight, podAffinityTerm }] =
      pod.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution;
    expect({ weight, key: podAffinityTerm.topologyKey }).toEqual({
      ...{ weight: 100, key: "kubernetes.io/hostname" },
    });
    expect(pod.topologySpreadConstraints).toMatchObject([
      {
        maxSkew: 1,
        topologyKey: "topology.kubernetes.io/zone",
        whenUnsatisfiable: "ScheduleAnyway",
      },
    ]);
  });

  test("data outlive the pods", () => {
    const claim = {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: expect.stringMatching(/^\d+Gi$/) } },
    };
    const claims = (spec.volumeClaimTemplates ?? []).map((one: Manifest) => one.spec);
    expect(claims).toEqual(has("ephemeral") ? [] : [claim]);
    const retention = { whenDeleted: "Retain", whenScaled: "Retain" };
    expect(spec.persistentVolumeClaimRetentionPolicy).toEqual(
      has("ephemeral") ? undefined : retention,
    );
  });

  test("nobody gets a token", () => {
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(only(manifests, "ServiceAccount").automountServiceAccountToken).toBe(false);
    expect(manifests.filter(({ kind }) => /Role/.test(kind))).toEqual([]);
  });

  test("no password is in it, but in the Secret", () => {
    const text = (isSecret: boolean) =>
      JSON.stringify(manifests.filter(({ kind }) => (kind === "Secret") === isSecret));
    for (const secret of Object.values(secrets)) {
      const encoded = Buffer.from(secret).toString("base64");
      expect(text(true)).toContain(encoded);
      expect(text(false)).not.toContain(encoded);
      expect(text(false)).not.toContain(secret);
    }
    const literal = [...server.env, ...agent.env].filter(
      ({ name, value }) => /PASSWORD$|KEY$/.test(name) && value !== undefined,
    );
    expect(literal).toEqual([]);
    expect(Object.keys(settings).filter((name) => /PASSWORD|HASH|KEY/.test(name))).toEqual([]);
  });
});
