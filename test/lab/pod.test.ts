import { expect, test } from "vitest";
import {
  containerProcess,
  myCnf,
  type PodTemplate,
  podAddress,
  podName,
  podOrdinal,
  podPaths,
  podProcess,
  refuseLongPaths,
  searchPath,
} from "../../src/lab/pod.js";

const lab = { name: "lab", dir: "/tmp/l" };
const template: PodTemplate = {
  lab,
  block: 7,
  dns: "127.0.7.254:5300",
  args: ["--max-connections=33"],
  env: { PATH: "/bin", HOME: "/root", NODE_OPTIONS: "--inspect", MYSQL_PWD: "x", TZ: "UTC" },
};

test("names and addresses go by the ordinal", () => {
  expect([0, 12].map(podName)).toEqual(["galera-0", "galera-12"]);
  expect([podAddress(7, 0), podAddress(8, 11)]).toEqual(["127.0.7.1", "127.0.8.12"]);
  const names = ["galera-0", "galera-12", "galera-012", "galera-", "galera-1x", "mysql-1", "../x"];
  expect(names.map(podOrdinal)).toEqual([0, 12, ...Array(5).fill(undefined)]);
});

test("a member's process is our own run, with the lab's arguments last", () => {
  expect(podProcess(template, 1).args).toEqual([
    "run",
    "--",
    "mariadbd",
    "--defaults-file=/tmp/l/galera-1/my.cnf",
    "--datadir=/tmp/l/galera-1/data",
    "--socket=/tmp/l/galera-1/run/mysqld.sock",
    "--pid-file=/tmp/l/galera-1/run/mysqld.pid",
    "--bind-address=127.0.7.2",
    "--max-connections=33",
  ]);
});

test("its sidecar, its server and its hook: each has a mark, and the pod's address", () => {
  const pod = { ordinal: 1, address: "127.0.7.9" };
  const [agent, mariadb, drain] = (["agent", "mariadb", "drain"] as const).map((what) =>
    containerProcess({ ...template, settings: { GALERA_POLL: "9s" } }, pod, what),
  );
  expect(agent?.args.slice(0, 3)).toEqual(["agent", "--", "mariadbd"]);
  expect(agent?.args).toContain("--bind-address=127.0.7.9");
  expect(mariadb?.args).toEqual(["run", ...(agent?.args.slice(1) ?? [])]);
  expect(drain?.args).toEqual(["drain"]);
  expect([agent, mariadb, drain].map((one) => one?.env.LAB_CONTAINER)).toEqual([
    "/tmp/l/galera-1/agent",
    "/tmp/l/galera-1/mariadb",
    "/tmp/l/galera-1/mariadb",
  ]);
  expect(drain?.env).toMatchObject({ POD_IP: "127.0.7.9", GALERA_POLL: "9s" });
});

test("its environment is the pod's, not the user's", () => {
  expect(podProcess(template, 1).env).toEqual({
    PATH: "/bin:/usr/local/sbin:/usr/sbin:/sbin",
    TZ: "UTC",
    TMPDIR: "/tmp/l/galera-1/run",
    GALERA_DNS: "127.0.7.254:5300",
    GALERA_SERVICE: "galera",
    GALERA_CLUSTER_DOMAIN: "cluster.local",
    GALERA_HOSTNAME: "galera-1",
    POD_NAMESPACE: "lab",
    POD_IP: "127.0.7.2",
    GALERA_ADDRESS_TYPE: "ip",
    GALERA_CNF: "/tmp/l/galera-1/run/galera.cnf",
    GALERA_SST_METHOD: "rsync",
    GALERA_PROVIDER_OPTIONS:
      "gmcast.listen_addr=tcp://127.0.7.2:4567;ist.recv_bind=127.0.7.2;gcache.size=32M",
    MARIADB_ALLOW_EMPTY_ROOT_PASSWORD: "1",
  });
  expect(searchPath()).toMatch(/^\/usr\/local\/bin:.*\/usr\/sbin/);
});

test("its option file includes galera.cnf", () => {
  expect(myCnf(podPaths(lab, "galera-0"))).toMatch(
    /^!include \/tmp\/l\/galera-0\/run\/galera\.cnf$/m,
  );
});

test("a socket's path has at most 107 bytes", () => {
  const room = 107 - "/galera-99/run/mysqld.sock".length;
  const dir = (length: number) => ({ name: "lab", dir: `/${"d".repeat(length - 1)}` });
  expect(() => refuseLongPaths(dir(room))).not.toThrow();
  expect(() => refuseLongPaths(dir(room + 1))).toThrow("(108 bytes, at most 107)");
});
