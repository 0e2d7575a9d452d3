/** The three probes of Kubernetes. */
export const probes = ["startup", "liveness", "readiness"] as const;
export type Probe = (typeof probes)[number];

/** The paths that the kubelet knows the probes by. */
export const probePaths = {
  startup: "/startupz",
  liveness: "/livez",
  readiness: "/readyz",
} as const satisfies Record<Probe, string>;
