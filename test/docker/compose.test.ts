/** docker/compose.yaml as it reads; test/image runs it. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { settings } from "../../src/setting-table.js";

const text = readFileSync("docker/compose.yaml", "utf8");
/** With the defaults of its variables. */
const { services, networks, volumes, secrets } = parse(text.replace(/\$\{\w+:-([^}]*)\}/g, "$1"), {
  merge: true,
});
const members: string[] = Object.keys(services).filter((name) => /^galera-\d$/.test(name));
const addressOf = (name: string) => services[name].networks.members.ipv4_address;

test("the members are as many as the first start waits for", () => {
  expect(members).toEqual(["galera-0", "galera-1", "galera-2"]);
  for (const name of members) {
    expect(services[name].environment.GALERA_REPLICAS).toBe(`${members.length}`);
    expect(services[name].hostname).toBe(name);
  }
});

test("DNS is asked where it listens, and names the members where they are", () => {
  const { command } = services.dns;
  const listen = command.find((word: string) => word.startsWith("--listen=")).slice(9);
  expect(listen).toBe(`${addressOf("dns")}:5300`);
  expect(command.filter((word: string) => word.startsWith("galera-"))).toEqual(
    members.map((name) => `${name}=${addressOf(name)}`),
  );
  for (const name of members) {
    expect(services[name].environment.POD_IP).toBe(addressOf(name));
    expect(services[name].environment.GALERA_DNS).toBe(listen);
  }
  const { subnet } = networks.members.ipam.config[0];
  expect(addressOf("dns").split(".").slice(0, 3)).toEqual(subnet.split(".").slice(0, 3));
});

test("the image is of this version", () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  expect(services["galera-0"].image).toBe(`galera-peers:${version}`);
  expect(text).toContain(`-v mariadb:/var/lib/mysql galera-peers:${version}`);
});

test("containers have no more rights than they need", () => {
  for (const name of ["dns", ...members]) {
    expect(services[name]).toMatchObject({
      ...{ read_only: true, cap_drop: ["ALL"], security_opt: ["no-new-privileges"] },
      ...{ restart: "unless-stopped" },
      healthcheck: { test: expect.arrayContaining(["CMD", "galera-peers"]) },
    });
  }
});

test("members have volumes of their own, time to end, a limit, and a port on this machine alone", () => {
  for (const [i, name] of members.entries()) {
    expect(services[name].volumes).toEqual([
      `data-${i}:/var/lib/mysql`,
      `run-${i}:/run/mysqld`,
      `cnf-${i}:/etc/mysql/mariadb.conf.d`,
    ]);
    for (const mount of services[name].volumes) expect(volumes).toHaveProperty(mount.split(":")[0]);
    expect(services[name].ports).toEqual([`127.0.0.1:${3306 + i}:3306`]);
    expect(services[name]).toMatchObject({ stop_grace_period: "60s", mem_limit: "1g" });
  }
});

test("secrets are files that a user makes; no value of one is in it", () => {
  const known = new Set<string>(Object.values(settings).map(({ env }) => env));
  for (const name of members) {
    for (const variable of Object.keys(services[name].environment)) {
      if (!/PASSWORD|KEY/.test(variable)) expect(known).toContain(variable);
      else expect(services[name].environment[variable]).toMatch(/^\/run\/secrets\//);
    }
    expect(services[name].secrets).toEqual(Object.keys(secrets));
  }
  for (const [name, { file }] of Object.entries<{ file: string }>(secrets)) {
    expect(file).toBe(`secrets/${name}`);
    expect(text).toContain(`>docker/${file}\n`);
  }
});
