/** The image by itself, and a single node by one command. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import {
  ask,
  attempt,
  type Container,
  engine,
  image,
  prefix,
  runOnce,
  startContainer,
} from "./engine.js";
import { until } from "./namespace.js";
import { argumentsAndVariables, hasBlockingOutput, processState } from "./process-state.js";

const { version } = JSON.parse(readFileSync("package.json", "utf8"));

/** Its HEALTHCHECK, as the engine would run it. */
async function health(container: Container) {
  const format = "{{json .Config.Healthcheck.Test}}";
  const [kind, command] = JSON.parse(await ask("image", "inspect", "--format", format, image));
  expect(kind).toBe("CMD-SHELL");
  return container.exec(["sh", "-c", command]);
}

describe("the image", () => {
  test("runs as a user other than root, told by its number", async () => {
    expect(await ask("image", "inspect", "--format", "{{.Config.User}}", image)).toBe("999");
  });

  test("names its title, licenses, version and base", async () => {
    const labels = JSON.parse(
      await ask("image", "inspect", "--format", "{{json .Config.Labels}}", image),
    );
    expect(labels).toMatchObject({
      "org.opencontainers.image.title": "galera-peers",
      "org.opencontainers.image.licenses": "Apache-2.0 AND GPL-2.0-only AND MIT",
      "org.opencontainers.image.version": version,
      "org.opencontainers.image.base.name": expect.stringMatching(/./),
    });
  });

  test("has no variable but PATH, and no file of a registry's or an authority's user", async () => {
    const env = await ask("image", "inspect", "--format", "{{json .Config.Env}}", image);
    expect(JSON.parse(env).map((one: string) => one.split("=")[0])).toEqual(["PATH"]);
    const secrets = ["-name", ".npmrc", "-o", "-name", ".netrc", "-o", "-name", "*.key"];
    const look = ["/", "-xdev", "-not", "-path", "/proc/*", "(", ...secrets, ")"];
    expect(await runOnce(["--user", "0"], "find", ...look)).toEqual({ exitCode: 0, said: "" });
  });

  test("has at most 50 MB of ours, compressed", async () => {
    const files = "usr/lib/galera-peers $(find usr/bin usr/share/container-scripts -type l)";
    const { said } = await runOnce([], "sh", "-c", `cd / && tar c ${files} | gzip -6 | wc -c`);
    expect(Number(said)).toBeGreaterThan(10e6);
    expect(Number(said)).toBeLessThan(50e6);
  });

  test("has the option files' places, and the server's options", async () => {
    const places = ["/etc/my.cnf.d", "/docker-entrypoint-initdb.d", "/etc/mysql/conf.d"];
    expect((await runOnce([], "ls", "-d", ...places)).exitCode).toBe(0);
    expect((await runOnce([], "readlink", "-f", "/etc/my.cnf.d")).said).toBe(
      "/etc/mysql/mariadb.conf.d",
    );
    const { said } = await runOnce([], "my_print_defaults", "--mariadbd");
    for (const option of ["--skip-name-resolve", "--ignore-db-dirs=lost+found"]) {
      expect(said.split("\n")).toContain(option);
    }
  });

  test("has an empty datadir", async () => {
    expect(await runOnce([], "ls", "-A", "/var/lib/mysql")).toEqual({ exitCode: 0, said: "" });
  });

  test("has nothing that anybody may write, but for temporary files", async () => {
    const places = ["/tmp*", "/var/tmp*", "/dev*", "/proc*", "/run/lock*"];
    const others = places.flatMap((path) => ["!", "-path", path]);
    const writable = ["!", "-type", "l", "-perm", "-o+w", ...others];
    const found = await runOnce(["--user", "0"], "find", "/", "-xdev", ...writable);
    expect(found).toEqual({ exitCode: 0, said: "" });
  });

  test.each([
    ["galera-peers", ["--version"], /^\d+\.\d+\.\d+$/],
    ["peer-finder", ["-service", "galera"], /^Incomplete args/],
    ["/usr/bin/peer-finder", ["-service", "galera"], /^Incomplete args/],
    ["configure-galera", ["--help"], /galera\.cnf/],
    ["/usr/bin/configure-galera", ["--help"], /galera\.cnf/],
    ["/usr/share/container-scripts/mysql/configure-galera.sh", ["--help"], /galera\.cnf/],
    ["/usr/bin/container-entrypoint.sh", ["echo", "exec'd"], /^exec'd$/],
    ["mysql", ["--version"], /MariaDB/],
    ["mysqld", ["--version"], /MariaDB/],
  ])("answers as %s", async (name, args, answer) => {
    expect((await runOnce(["--entrypoint", name], ...args)).said).toMatch(answer);
  });

  test("runs another command with the runtime's limits, no signal ignored, no variable of ours", async () => {
    const look = "ulimit -S -n; ulimit -H -n; grep SigIgn /proc/$$/status; env";
    const { said } = await runOnce([], "sh", "-c", look);
    expect(said).toMatch(/^4096\n8192\nSigIgn:\s+0{16}\n/);
    expect(said).not.toContain("GALERA_PEERS");
  });
});

describe("a single node by one command, as any user of group 0", () => {
  const password = randomBytes(15).toString("base64url");
  const volume = `${prefix}-single`;
  const options = [
    "--user",
    "1000730000:0",
    "--network",
    "none",
    "--volume",
    `${volume}:/var/lib/mysql`,
  ];
  const answers = async (container: Container, secret = password) => {
    const client = ["exec", "--env", `MYSQL_PWD=${secret}`, container.name, "mariadb", "-uroot"];
    return (await attempt([...client, "-e", "SELECT 1"])).exitCode === 0;
  };
  afterAll(() => attempt(["volume", "rm", "--force", volume]));

  test("is the process that mariadbd alone would be, healthy, and ends cleanly", async () => {
    const node = startContainer({
      name: `${volume}-ours`,
      options: [...options, "--env", `MARIADB_ROOT_PASSWORD=${password}`],
    });
    await until(() => answers(node), "the node answers", 60_000);
    expect(await health(node)).toMatchObject({ exitCode: 0 });
    expect(await hasBlockingOutput(node)).toBe(true);
    const seen = (await argumentsAndVariables(node)) + node.output();
    expect(seen).toContain("mariadbd");
    expect(seen).not.toContain(password);
    expect(seen).not.toContain("MARIADB_ROOT_PASSWORD");
    const ours = await processState(node);
    expect(ours.length).toBeGreaterThan(20);
    await node.kill("TERM");
    expect(await node.ended).toBe(0);

    const bare = startContainer({
      name: `${volume}-bare`,
      options: [...options, "--entrypoint", "mariadbd"],
    });
    await until(() => answers(bare), "the same data under mariadbd alone", 60_000);
    expect(ours).toEqual(await processState(bare));
    await bare.kill("KILL");
    await bare.ended;
  });

  test("is not healthy before there is a server", async () => {
    const shell = startContainer({
      name: `${volume}-none`,
      options: ["--network", "none"],
      args: ["sleep", "infinity"],
    });
    await until(async () => (await shell.exec(["true"])).exitCode === 0, "the container runs");
    expect((await health(shell)).exitCode).not.toBe(0);
    await shell.kill("KILL");
    await shell.ended;
  });
});

describe("a member by one command", () => {
  test("is healthy while it waits", async () => {
    const settings = ["POD_NAMESPACE=galera", "GALERA_SERVICE=galera", "GALERA_DNS=127.0.0.1:53"];
    const member = startContainer({
      name: `${prefix}-waits`,
      options: [
        ...["--network", "none", "--hostname", "galera-0"],
        ...[...settings, "MARIADB_RANDOM_ROOT_PASSWORD=1"].flatMap((one) => ["--env", one]),
      ],
    });
    await until(() => member.output().includes("waiting for DNS"), "it waits");
    await until(async () => (await health(member)).exitCode === 0, "it is healthy");
    expect(member.isOver()).toBe(false);
    await member.kill("TERM");
    expect(await member.ended, `${engine}'s exit code of it`).toBe(143);
  });
});
