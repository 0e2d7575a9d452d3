import { describe, expect, test } from "vitest";
import { defaultAgentPort } from "../../src/agent/http/here.js";
import { partsOf } from "./parts.js";
import { type Manifest, only } from "./render.js";
import { renderings } from "./renderings.js";

const openShiftDns = {
  policyTypes: ["Egress"],
  egress: [
    {
      ports: [
        { port: 5353, protocol: "UDP" },
        { port: 5353, protocol: "TCP" },
      ],
    },
  ],
};
const prometheus = {
  policyTypes: ["Ingress"],
  ingress: [
    {
      from: [
        {
          namespaceSelector: {},
          podSelector: { matchLabels: { "app.kubernetes.io/name": "prometheus" } },
        },
      ],
      ports: [{ port: defaultAgentPort, protocol: "TCP" }],
    },
  ],
};

describe.each(renderings)("$name", ({ components, manifests }) => {
  const has = (component: string) => components.includes(component);
  const { metadata, ports, networkPolicies } = partsOf(manifests);

  const policy = (name: string) => only(manifests, "NetworkPolicy", name).spec;
  const numbers = (ports: Manifest[]) => ports.map(({ port }) => port).toSorted();
  const self = [{ podSelector: { matchLabels: metadata.labels } }];

  test("members reach each other on all their ports, both ways", () => {
    const between = [4444, 4567, 4568, 4569];
    const { ingress, egress, policyTypes } = policy("galera");
    expect(policyTypes).toEqual(["Ingress", "Egress"]);
    expect(ingress).toHaveLength(2);
    expect(egress).toHaveLength(2);
    expect([ingress[1].from, egress[0].to]).toEqual([self, self]);
    expect([ingress[1], egress[0]].map(({ ports }) => numbers(ports))).toEqual([between, between]);
    const listening = ports.map(({ containerPort }) => containerPort).toSorted();
    expect(listening).toEqual([3306, ...between]);
    // Without a destination: DNS may be on the node.
    expect(egress[1]).toEqual({
      ports: [
        { port: 53, protocol: "UDP" },
        { port: 53, protocol: "TCP" },
      ],
    });
  });

  test("clients of the namespace reach the server alone", () => {
    expect(policy("galera").ingress[0]).toEqual({
      from: [{ podSelector: {} }],
      ports: [{ port: 3306, protocol: "TCP" }],
    });
  });

  test("Prometheus reaches the agents, and OpenShift's DNS is reached", () => {
    const more = networkPolicies
      .filter((one) => one.metadata.name !== "galera")
      .toSorted((one, other) => one.metadata.name.localeCompare(other.metadata.name))
      .map(({ spec: { podSelector, ...rest } }) => rest);
    expect(more).toEqual([
      ...(has("openshift") ? [openShiftDns] : []),
      ...(has("monitoring") ? [prometheus] : []),
    ]);
  });
});
