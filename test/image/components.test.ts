/** A user's overlay of the components tls, ephemeral and ordered-ready: what a trial of all that would be. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { parse } from "../deploy/render.js";
import { combined } from "../deploy/renderings.js";
import { createIssuer } from "../tls/authority.js";
import { all, createClient, foundings, sst, testing } from "./cluster.js";
import { directory } from "./engine.js";
import { readManifests } from "./manifest.js";
import { createNamespace, type Namespace } from "./namespace.js";

let namespace: Namespace;
let client: ReturnType<typeof createClient>;

/** What cert-manager makes of deploy/components/cert-manager. */
function tlsSecret() {
  const { dnsNames } = parse(
    readFileSync("deploy/components/cert-manager/certificate.yaml", "utf8"),
  )[0].spec;
  const names = dnsNames.map((name: string) => `DNS:${name}`).join(",");
  const extensions = [`subjectAltName=${names}`, "extendedKeyUsage=serverAuth,clientAuth"];
  const issuer = createIssuer(join(directory, "certificates"));
  const authority = issuer.authority();
  const { cert, key } = issuer.issue(authority, { extensions });
  const files = { "ca.crt": authority.cert, "tls.crt": cert, "tls.key": key };
  const data = Object.entries(files).map(([name, text]) => [name, btoa(text)]);
  const metadata = { name: "galera-tls" };
  return { apiVersion: "v1", kind: "Secret", metadata, data: Object.fromEntries(data) };
}

beforeAll(async () => {
  const manifests = readManifests([...combined("tls", "ephemeral", "ordered-ready"), tlsSecret()]);
  namespace = await createNamespace({ name: "components", manifests });
  client = createClient(namespace, "mariadb", "$(cat /run/secrets/galera/root-password)");
});
afterAll(() => namespace?.close());

const test = testing(() => namespace);

test("three members form one cluster, one after the other, each by an SST", async () => {
  await namespace.start();
  expect(foundings(namespace.log())).toBe(1);
  expect(await client.ofAll("wsrep_cluster_size")).toBe("3");
  expect(namespace.log().split(sst)).toHaveLength(3);
});

test("all that they say to each other is encrypted, and to clients too", async () => {
  for (const ordinal of all) {
    expect(await client.sql(ordinal, "SELECT @@wsrep_provider_socket_ssl")).toBe("1");
    const agent = namespace.pod(ordinal).container("agent").current();
    const { exitCode, said } = await agent.exec(["galera-peers", "status"]);
    expect({ exitCode, said }).toMatchObject({ exitCode: 0 });
    const plainly = `echo | openssl s_client -connect ${namespace.pod(ordinal).address}:4569`;
    const shown = await agent.exec(["sh", "-c", `${plainly} 2>/dev/null`]);
    expect(shown.said).toContain("CN=galera");
    // As a client that makes sure of the name.
    const secured = `MYSQL_PWD=$(cat /run/secrets/galera/root-password) exec mariadb -uroot -BN \
      -h "$HOSTNAME.galera" --ssl-ca=/tls/ca.crt -e "SHOW STATUS LIKE 'Ssl_cipher'"`;
    const answer = await client.life(ordinal).current().exec(["sh", "-c", secured]);
    expect(answer.said).toMatch(/^Ssl_cipher\t\S+/);
  }
});

test("a pod that loses its data with its life gets them from the others", async () => {
  await client.sql(1, "CREATE DATABASE inajob");
  await namespace.deletePod(0);
  await namespace.createPod(0);
  await namespace.ready(0);
  expect(await client.sql(0, "SHOW DATABASES LIKE 'inajob'")).toBe("inajob");
  expect(namespace.log().split(sst)).toHaveLength(4);
  expect(await client.ofAll("wsrep_cluster_size")).toBe("3");
  expect(foundings(namespace.log())).toBe(1);
});
