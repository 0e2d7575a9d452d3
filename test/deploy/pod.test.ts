/*
 * What the pods are made of, and what the documentation says of them.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { defaultAgentPort } from "../../src/agent/http/here.js";
import { probePaths } from "../../src/agent/probes.js";
import { settings as known, type Setting } from "../../src/setting-table.js";
import { partsOf } from "./parts.js";
import { type Manifest, only, secrets } from "./render.js";
import { renderings } from "./renderings.js";

const page = (name: string) => readFileSync(`docs/${name}.md`, "utf8");
const variables = new Set((Object.values(known) as Setting<unknown>[]).map(({ env }) => env));

describe.each(renderings)("$name", ({ components, manifests }) => {
  const has = (component: string) => components.includes(component);
  const { statefulSet, spec, metadata, pod, agent, server, containers, settings } =
    partsOf(manifests);

  test("the agent is a native sidecar, the server the container that commands mean", () => {
    expect(pod.initContainers).toHaveLength(1);
    expect(pod.containers).toHaveLength(1);
    expect(agent).toMatchObject({ name: "agent", restartPolicy: "Always" });
    expect(agent.command).toEqual(["galera-peers", "agent", "--", "mariadbd"]);
    // The image's own ENTRYPOINT and CMD.
    expect([server.name, server.command, server.args]).toEqual(["mariadb", undefined, undefined]);
    expect(metadata.annotations["kubectl.kubernetes.io/default-container"]).toBe(server.name);
    const named = page("operations").match(/-c (\w+)/g) ?? [];
    expect(new Set(named)).toEqual(new Set(["-c agent", "-c mariadb"]));
    expect(statefulSet.metadata.name).toBe("galera"); // galera-0 there
  });

  test("both containers have the same image, volumes and settings", () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8"));
    expect(server.image).toBe(`galera-peers:${version}`);
    expect(agent.image).toBe(server.image);
    expect(agent.volumeMounts).toEqual(server.volumeMounts);
    expect(agent.envFrom).toEqual(server.envFrom);
    const ofServer = server.env.filter(({ name }: Manifest) => !name.startsWith("MARIADB_"));
    expect(agent.env).toEqual(ofServer);
    expect(agent.securityContext).toEqual(server.securityContext);
  });

  test("all that they name is there", () => {
    const volumes = new Map<string, Manifest>([
      ...pod.volumes.map((one: Manifest) => [one.name, one]),
      ...(spec.volumeClaimTemplates ?? []).map((one: Manifest) => [one.metadata.name, one]),
    ]);
    const mounted = server.volumeMounts.map(({ name }: Manifest) => name);
    expect([...volumes.keys()].toSorted()).toEqual([...new Set(mounted)].toSorted());
    const maps = [
      ...server.envFrom.map((one: Manifest) => one.configMapRef.name),
      ...pod.volumes.flatMap((one: Manifest) => one.configMap?.name ?? []),
    ];
    expect(maps).toHaveLength(2);
    for (const name of maps) only(manifests, "ConfigMap", name);
    const wanted = pod.volumes.flatMap((one: Manifest) => one.secret?.secretName ?? []);
    expect(wanted.toSorted()).toEqual(has("tls") ? ["galera", "galera-tls"] : ["galera"]);
    const { data } = only(manifests, "Secret", "galera");
    expect(Object.keys(data).toSorted()).toEqual(Object.keys(secrets).toSorted());
    only(manifests, "ServiceAccount", pod.serviceAccountName);
  });

  test("what is written is mounted writable, the rest read-only", () => {
    const table = page("container").split("## Writable mounts")[1]?.split("\n## ")[0] ?? "";
    const wanted = [...table.matchAll(/^\| `(\/[^`]+)`/gm)].map(([, path]) => path);
    expect(wanted).toHaveLength(4);
    const writable = server.volumeMounts.filter(({ readOnly = false }: Manifest) => !readOnly);
    const paths = writable.map(({ mountPath }: Manifest) => mountPath);
    expect(paths.toSorted()).toEqual(wanted.toSorted());
    const isData = (path: string) => path === "/var/lib/mysql";
    for (const { name, mountPath } of writable) {
      const volume = pod.volumes.find((one: Manifest) => one.name === name);
      const isClaim = isData(mountPath) && !has("ephemeral");
      expect(volume).toEqual(isClaim ? undefined : { name, emptyDir: {} });
    }
    expect(server.volumeMounts).toContainEqual({
      ...{ name: "options", mountPath: "/etc/mysql/conf.d", readOnly: true },
    });
  });

  test("its settings are some that there are", () => {
    const set = server.env.map(({ name }: Manifest) => name);
    const ours = [...set, ...Object.keys(settings)].filter((name) => !/^MARIADB_/.test(name));
    expect(ours).toContain("POD_IP");
    // The key's variable is read beside the table.
    for (const name of ours) expect([...variables, "GALERA_AGENT_KEY_FILE"]).toContain(name);
    expect(set).toContain("MARIADB_ROOT_PASSWORD_FILE");
    expect(page("official-image")).toContain("`MARIADB_ROOT_PASSWORD`*");
    expect(pod.enableServiceLinks).toBe(false); // GALERA_PORT and the like
  });

  test("files that settings name are on a volume", () => {
    const { data } = only(manifests, "Secret", "galera");
    const files = server.env.filter(({ name }: Manifest) => /_FILE$/.test(name));
    expect(files).toHaveLength(2);
    for (const { value } of files) {
      const mount = server.volumeMounts.find((one: Manifest) =>
        value.startsWith(`${one.mountPath}/`),
      );
      expect(mount).toMatchObject({ name: "secrets", readOnly: true });
      expect(Object.keys(data)).toContain(value.slice(mount.mountPath.length + 1));
    }
    const secret = pod.volumes.find((one: Manifest) => one.name === "secrets").secret;
    expect(secret).toEqual({ secretName: "galera", defaultMode: 0o440 });
  });

  test("probes ask the agent for what it answers", () => {
    const named = new Map(agent.ports.map((one: Manifest) => [one.name, one.containerPort]));
    expect([...named.values()]).toEqual([defaultAgentPort]);
    expect(server.startupProbe.httpGet).toEqual({
      path: probePaths.startup,
      port: defaultAgentPort,
    });
    expect(server.readinessProbe.httpGet).toEqual({
      path: probePaths.readiness,
      port: defaultAgentPort,
    });
    expect(server.livenessProbe).toMatchObject({
      exec: { command: ["galera-peers", "probe", "liveness"] },
    });
    expect(server.livenessProbe.httpGet).toBeUndefined();
    expect(named.has(agent.startupProbe.tcpSocket.port)).toBe(true);
    expect(agent.livenessProbe.httpGet.path).toBe("/metrics");
    expect(named.has(agent.livenessProbe.httpGet.port)).toBe(true);
    expect(agent.readinessProbe).toBeUndefined();
  });

  test("probes give a busy server time, and clients none that is not ready", () => {
    const { startupProbe, livenessProbe, readinessProbe } = server;
    const seconds = (probe: Manifest) => probe.periodSeconds * probe.failureThreshold;
    // The command itself waits 2 s for the agent, and shares the server's processors.
    expect(livenessProbe.timeoutSeconds).toBeGreaterThanOrEqual(5);
    expect(seconds(livenessProbe)).toBeGreaterThanOrEqual(120);
    expect(livenessProbe.terminationGracePeriodSeconds).toBe(30);
    expect(seconds(startupProbe)).toBeGreaterThanOrEqual(120);
    expect(readinessProbe.timeoutSeconds).toBeGreaterThanOrEqual(2);
    expect(seconds(readinessProbe)).toBeLessThanOrEqual(5);
    expect(seconds(agent.startupProbe)).toBeGreaterThanOrEqual(60);
  });

  test("a member has time to drain and to end", () => {
    expect(server.lifecycle.preStop.exec.command).toEqual(["galera-peers", "drain"]);
    const readme = readFileSync("README.md", "utf8");
    const [, drainSeconds] = /the rest keep quorum; (\d+) s at most/.exec(readme) ?? [];
    const [, leastSeconds] =
      /the server's own end together: (\d+) or more/.exec(page("operations")) ?? [];
    const grace = pod.terminationGracePeriodSeconds;
    expect(grace).toBeGreaterThan(Number(drainSeconds) + 30);
    expect(grace).toBeGreaterThanOrEqual(Number(leastSeconds));
    const { GALERA_DRAIN_TIMEOUT, GALERA_DRAIN_DELAY } = settings;
    expect([GALERA_DRAIN_TIMEOUT, GALERA_DRAIN_DELAY]).toEqual([undefined, undefined]);
  });

  test("the image's account owns the volumes, or OpenShift's does", () => {
    const [, uid] = /^USER (\d+)$/m.exec(readFileSync("docker/Dockerfile", "utf8")) ?? [];
    const { runAsUser, runAsGroup, fsGroup, fsGroupChangePolicy } = pod.securityContext;
    const own = has("openshift") ? undefined : Number(uid);
    expect({ runAsUser, runAsGroup, fsGroup, fsGroupChangePolicy }).toEqual({
      ...{ runAsUser: own, runAsGroup: own, fsGroup: own, fsGroupChangePolicy: "OnRootMismatch" },
    });
    for (const { securityContext } of containers) {
      expect(securityContext.runAsUser).toBeUndefined();
      expect(securityContext.runAsGroup).toBeUndefined();
    }
  });

  test("has requests and limits; the server's memory is its own", () => {
    for (const { resources } of containers) {
      expect(resources.requests).toMatchObject({
        cpu: expect.anything(),
        memory: expect.anything(),
      });
      expect(resources.limits.memory).toBeDefined();
    }
    expect(server.resources.requests.memory).toBe(server.resources.limits.memory);
    expect(server.resources.limits.cpu).toBeDefined(); // without, there is one applier
    const readme = readFileSync("README.md", "utf8");
    const [, measured] = /57 to (\d+) MiB of memory/.exec(readme) ?? [];
    const mebibytes = (text: string) => Number(text.replace(/Mi$/, ""));
    expect(mebibytes(agent.resources.requests.memory)).toBeGreaterThan(Number(measured));
    expect(mebibytes(agent.resources.limits.memory)).toBeGreaterThan(3 * Number(measured));
  });
});
