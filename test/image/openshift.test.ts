/** deploy/overlays/openshift, with the numbers that OpenShift's admission gives a pod: a UID without a name. */
import { afterAll, expect, onTestFailed, test } from "vitest";
import { render } from "../deploy/render.js";
import { all, createClient, foundings } from "./cluster.js";
import { type PodSpec, readManifests } from "./manifest.js";
import { createNamespace, type Namespace } from "./namespace.js";

const uid = 1000730000;

/** The constraint restricted-v2: a user and a group of volumes of the project's own range, group 0. */
function admit(spec: PodSpec): PodSpec {
  const { runAsUser, runAsGroup, fsGroup } = spec.securityContext ?? {};
  expect({ runAsUser, runAsGroup, fsGroup }, "what OpenShift would refuse").toEqual({});
  return { ...spec, securityContext: { ...spec.securityContext, runAsUser: uid, fsGroup: uid } };
}

let namespace: Namespace;
afterAll(() => namespace?.close());

test("three members form one cluster as a user that has no name, on a read-only root", async () => {
  onTestFailed(() => console.log(namespace?.log()));
  const manifests = readManifests(render("overlays/openshift"));
  namespace = await createNamespace({ name: "openshift", manifests, admit });
  await namespace.start();
  const client = createClient(namespace, "mariadb", "$(cat /run/secrets/galera/root-password)");
  expect(foundings(namespace.log())).toBe(1);
  expect(await client.ofAll("wsrep_cluster_size")).toBe("3");
  for (const ordinal of all) {
    for (const life of namespace.pod(ordinal).lives) {
      const look = "exec 2>&1; id; touch /a-file; grep CapBnd /proc/1/status";
      const { said } = await life.current().exec(["sh", "-c", look]);
      expect(said).toMatch(new RegExp(`^uid=${uid} gid=0\\(root\\) groups=0\\(root\\),${uid}\\n`));
      expect(said).toMatch(/Read-only file system\nCapBnd:\t0{16}$/);
    }
  }
  await client.sql(2, "CREATE DATABASE inajob");
  const endings = await namespace.deletePod(2);
  expect(endings.get("mariadb")).toMatchObject({ exitCode: 0, preStop: { exitCode: 0 } });
  await namespace.createPod(2);
  await namespace.ready(2);
  expect(await client.sql(2, "SHOW DATABASES LIKE 'inajob'")).toBe("inajob");
  expect(await client.ofAll("wsrep_cluster_size")).toBe("3");
});
