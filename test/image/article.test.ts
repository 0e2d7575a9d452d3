/**
 * The manifest of the article that this project began with, with nothing changed but the image and the root
 * password that ours has to be told: pods one after the other, no sidecar, data on emptyDir, UID 27.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect } from "vitest";
import { parse } from "../deploy/render.js";
import { all, createClient, foundings, sst, testing } from "./cluster.js";
import { readManifests } from "./manifest.js";
import { createNamespace, type Namespace, until } from "./namespace.js";
import { argumentsAndVariables } from "./process-state.js";

let namespace: Namespace;
let client: ReturnType<typeof createClient>;

beforeAll(async () => {
  const text = readFileSync(
    fileURLToPath(new URL("../fixtures/article.yaml", import.meta.url)),
    "utf8",
  );
  namespace = await createNamespace({ name: "galera", manifests: readManifests(parse(text)) });
  client = createClient(namespace, "galera", "rootpassword");
});
afterAll(() => namespace?.close());

const test = testing(() => namespace);

const server = (ordinal: number) => client.life(ordinal);
const rows = (ordinal: number) => client.sql(ordinal, "SELECT value FROM inajob.hoge ORDER BY id");

test("its three pods become ready one after the other, by its own probe", async () => {
  await namespace.start();
  expect(foundings(namespace.log())).toBe(1);
  expect(await client.ofAll("wsrep_cluster_size")).toBe("3");
  for (const ordinal of all) {
    expect(server(ordinal).restarts()).toBe(0);
    expect(server(ordinal).verdicts.at(-1)).toMatchObject({ probe: "readiness", ok: true });
  }
});

test("its servers are PID 1, run as UID 27, and show no root password", async () => {
  for (const ordinal of all) {
    const container = server(ordinal).current();
    expect((await container.exec(["cat", "/proc/1/comm"])).said).toBe("mariadbd");
    const { said } = await container.exec(["grep", "-hE", "^(Uid|Groups):", "/proc/1/status"]);
    expect(said).toMatch(/^Uid:(\t27){4}\nGroups:\t.*\b27\b/);
    const seen = (await argumentsAndVariables(container)) + server(ordinal).output();
    expect(seen).toContain("mariadbd");
    expect(seen).not.toContain("rootpassword");
  }
});

test("both rows are there after galera-0 was deleted and came back without its data", async () => {
  for (const statement of [
    "create database inajob",
    "create table inajob.hoge(id int auto_increment not null primary key, value varchar(20))",
    'insert inajob.hoge(value) values ("hello")',
    'insert inajob.hoge(value) values ("world")',
  ]) {
    await client.sql(0, statement);
  }
  const endings = await namespace.deletePod(0);
  expect(endings.get("galera")).toMatchObject({ exitCode: 0 });
  expect(await rows(1)).toBe("hello\nworld");
  await namespace.createPod(0);
  await namespace.ready(0);
  expect(server(0).output()).toContain(sst);
  expect(await rows(0)).toBe("hello\nworld");
  await until(async () => (await client.ofAll("wsrep_cluster_size")) === "3", "three members");
  expect(foundings(namespace.log())).toBe(1);
});
