/** What agents ask their servers, and by which account, with real servers. */
import { appendFileSync, chownSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Connection, createConnection } from "mariadb";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { agentAccount } from "../../src/agent/sql/account.js";
import { createServerSql, type ServerAnswer, type ServerSql } from "../../src/agent/sql/sql.js";
import { podAddress } from "../../src/lab/pod.js";
import { systemClock as clock } from "../../src/system/clock.js";
import { commandLine, signalProcess } from "../../src/system/proc.js";
import { type Cluster, createCluster, quick, until } from "./cluster.js";
import { contentOf } from "./founder.js";

const block = 76;
const key = "a key that the members share";

let cluster: Cluster;

/** What the agent of a member knows of its server; undefined where it cannot ask it. */
async function serverOf(i: number): Promise<{ readonly comment: string } | undefined> {
  const response = await fetch(`http://${cluster.address(i)}:4569/v1/status?nonce=1`);
  return ((await response.json()) as { server?: { comment: string } }).server;
}

/** Waits until the agent of a member hears from its server that it is Synced. */
const heard = (i: number) =>
  until(
    async () => (await serverOf(i).catch(() => undefined))?.comment === "Synced",
    () => `galera-${i}'s agent to get in at its server\n${cluster.tails()}`,
    20_000,
  );

const agents = (i: number, users: string) =>
  cluster.sql(
    i,
    `SELECT User, JSON_VALUE(Priv, '$.plugin') AS plugin FROM mysql.global_priv
     WHERE User IN (${users}) ORDER BY User`,
  );

/** The server's process of a member. */
function serverPid(i: number): number {
  const [pid] = cluster.session(i).filter((one) => commandLine(one)[0]?.endsWith("mariadbd"));
  if (pid === undefined) throw new Error(`galera-${i} has no server\n${cluster.tails()}`);
  return pid;
}

describe("where the server's user has a name", () => {
  const asked: ServerSql[] = [];

  /** As an agent asks; by root's account, since the test is no `mysql`. */
  const sqlOf = (i: number) => {
    const sql = createServerSql({ socket: cluster.paths(i).socket, user: "root" }, clock);
    asked.push(sql);
    return sql;
  };
  const statusOf = async (sql: ServerSql) => {
    const answer = await sql.status();
    return answer.kind === "status" ? answer.status : answer;
  };
  const becomes = (sql: ServerSql, wanted: object, ms = 20_000) =>
    until(
      async () => {
        const status = await statusOf(sql);
        try {
          expect(status).toMatchObject(wanted);
          return true;
        } catch {
          return false;
        }
      },
      () => `a status with ${JSON.stringify(wanted)}\n${cluster.tails()}`,
      ms,
    );

  /** All kinds of answers that a member gave until something was over. */
  const during = async (i: number, what: Promise<unknown>) => {
    const sql = sqlOf(i);
    const answers: ServerAnswer[] = [];
    let isOver = false;
    const over = what.finally(() => {
      isOver = true;
    });
    while (!isOver) {
      answers.push(await sql.status());
      await clock.sleep(20);
    }
    await over;
    return answers;
  };

  beforeAll(async () => {
    cluster = await createCluster({ block, provider: quick, env: { GALERA_SST_METHOD: "rsync" } });
    await cluster.found([0]);
    await cluster.writeBulk(0, 40);
  });
  afterAll(async () => {
    for (const sql of asked) await sql.close();
    await cluster.close();
  });

  test("a founder's agent gets in, with no more than it needs, beside the accounts that there are", async () => {
    await heard(0);
    expect(await cluster.sql(0, "SHOW GRANTS FOR mysql@localhost")).toEqual([
      expect.objectContaining({
        "Grants for mysql@localhost":
          "GRANT RELOAD, SHUTDOWN, PROCESS, SUPER, LOCK TABLES, BINLOG MONITOR ON *.* TO `mysql`@`localhost` IDENTIFIED VIA unix_socket",
      }),
    ]);
    const users = await cluster.sql(
      0,
      "SELECT User, Host FROM mysql.global_priv ORDER BY User, Host",
    );
    expect(users.map((one: { User: string; Host: string }) => `${one.User}@${one.Host}`)).toEqual([
      ...["PUBLIC@", "mariadb.sys@localhost", "mysql@localhost", "root@%", "root@localhost"].filter(
        (name) =>
          name !== "PUBLIC@" || users.some((one: { User: string }) => one.User === "PUBLIC"),
      ),
    ]);
  });

  test("nothing less than SUPER makes a component primary, and nothing but SHUTDOWN ends a server", async () => {
    await cluster.sql(0, "CREATE USER probe@localhost IDENTIFIED BY 'probe'");
    onTestFinished(() => cluster.sql(0, "DROP USER probe@localhost"));
    const rows: { Privilege: string }[] = await cluster.sql(0, "SHOW PRIVILEGES");
    const privileges = rows
      .map(({ Privilege }) => Privilege)
      .filter((name) => !/^(Prox|Usage)/i.test(name));
    expect(privileges.length).toBeGreaterThan(30);
    const connect = (): Promise<Connection> =>
      createConnection({ socketPath: cluster.paths(0).socket, user: "probe", password: "probe" });
    const enough: string[] = [];
    for (const privilege of privileges) {
      await cluster.sql(0, `GRANT ${privilege} ON *.* TO probe@localhost`);
      const connection = await connect();
      const set = connection.query("SET GLOBAL wsrep_provider_options = 'pc.weight=1'");
      if (
        await set.then(
          () => true,
          () => false,
        )
      )
        enough.push(privilege);
      if (!/^shutdown$/i.test(privilege)) {
        await expect(connection.query("SHUTDOWN")).rejects.toThrow(/SHUTDOWN privilege/);
      }
      await connection.end();
      await cluster.sql(0, `REVOKE ${privilege} ON *.* FROM probe@localhost`);
    }
    expect(enough).toEqual(["Super"]);
  });

  test("a joiner by rsync: it is silent until its SST has ended, and its agent gets in then", async () => {
    cluster.start(1);
    const synced = cluster.allSynced([0, 1]);
    const [donor, joiner] = await Promise.all([during(0, synced), during(1, synced)]);
    expect(donor).toContainEqual({
      kind: "status",
      status: expect.objectContaining({
        state: 2,
        primary: true,
        desync: false,
      }),
    });
    const { socket } = cluster.paths(1);
    expect(joiner[0]).toEqual({ kind: "silent", why: `connect ENOENT ${socket}` });
    for (const answer of joiner) expect(answer.kind).not.toBe("refuses");
    await heard(1);
  });

  test("a joiner by mariabackup", async () => {
    await cluster.sql(
      0,
      `CREATE USER sst@localhost IDENTIFIED BY 'sst';
       GRANT RELOAD, PROCESS, LOCK TABLES, BINLOG MONITOR ON *.* TO sst@localhost`,
    );
    await cluster.sql(0, "SET GLOBAL wsrep_sst_auth = 'sst:sst'");
    await cluster.sql(1, "SET GLOBAL wsrep_sst_auth = 'sst:sst'");
    await cluster.stop(1);
    cluster.wipe(1);
    // socat listens on every address, and so do other tests' transfers.
    appendFileSync(cluster.paths(1).galeraCnf, `\n[sst]\nsockopt=,bind=${podAddress(block, 1)}\n`);
    cluster.start(1, { env: { GALERA_SST_METHOD: "mariabackup" } });
    const synced = cluster.allSynced([0, 1], 90_000);
    const [donor] = await Promise.all([during(0, synced), synced]);
    expect(donor).toContainEqual({
      kind: "status",
      status: expect.objectContaining({ state: 2, ready: true, desync: false }),
    });
    expect(readFileSync(cluster.paths(1).log, "utf8")).toContain(
      "mariabackup SST completed on joiner",
    );
    await heard(1);
  });

  test("a server that is desynced, locked, or rejects queries says so", async () => {
    const sql = sqlOf(0);
    const asUsual = { state: 4, ready: true, desync: false, rejects: false };
    await becomes(sql, asUsual);
    await cluster.sql(0, "SET GLOBAL wsrep_desync = ON");
    await becomes(sql, { state: 2, comment: "Donor/Desynced", ready: true, desync: true });
    await cluster.says(0, /my server was desynced by hand/);
    await cluster.sql(0, "SET GLOBAL wsrep_desync = OFF");
    await becomes(sql, asUsual);
    await cluster.says(0, /my server is not desynced by hand any more/);

    const locking = await cluster.connect(0);
    await locking.query("FLUSH TABLES WITH READ LOCK");
    await becomes(sql, { state: 2, ready: true, desync: false });
    await locking.end();
    await becomes(sql, asUsual);

    for (const mode of ["ALL", "ALL_KILL"]) {
      await cluster.sql(0, `SET GLOBAL wsrep_reject_queries = ${mode}`).catch(() => {}); // it kills this one
      await becomes(sql, { state: 4, ready: true, rejects: true });
      await expect(cluster.sql(0, "SELECT COUNT(*) FROM proof.written")).rejects.toThrow();
      await cluster.sql(0, "SET GLOBAL wsrep_reject_queries = NONE");
      await becomes(sql, asUsual);
    }
  });

  test("a server that stands still is silent within 400 ms, and is heard again", async () => {
    const sql = sqlOf(1);
    await becomes(sql, { state: 4 });
    const descriptors = () => readdirSync("/proc/self/fd").length;
    const before = descriptors();
    const pid = serverPid(1);
    signalProcess(pid, "SIGSTOP");
    onTestFinished(() => signalProcess(pid, "SIGCONT"));
    for (let time = 0; time < 3; time += 1) {
      const askedMs = clock.now();
      expect(await sql.status()).toEqual({ kind: "silent", why: "no answer within 400 ms" });
      expect(clock.now() - askedMs).toBeLessThan(900);
    }
    await expect(sql.shutdown()).rejects.toThrow(/^root on .*: no answer within 2000 ms$/);
    signalProcess(pid, "SIGCONT");
    await becomes(sql, { state: 4, primary: true });
    expect(descriptors()).toBeLessThanOrEqual(before + 1);
  });

  test("a server that was started again is asked by a new connection", async () => {
    const sql = sqlOf(1);
    await becomes(sql, { state: 4 });
    await cluster.stop(1);
    expect(await sql.status()).toMatchObject({ kind: "silent" });
    cluster.start(1);
    await becomes(sql, { state: 4, primary: true, clusterSize: 2 });
    await heard(1);
  });

  test("an account that is denied is a line in the server's log, not one each second", async () => {
    const sql = createServerSql({ socket: cluster.paths(0).socket, user: "nobody" }, clock);
    asked.push(sql);
    const refusal = expect.stringMatching(/^Access denied for user 'nobody'@'localhost'/);
    for (let time = 0; time < 5; time += 1) {
      expect(await sql.status()).toEqual({ kind: "refuses", why: refusal, denied: true });
    }
    expect(cluster.log(0).match(/Access denied for user 'nobody'/g)).toHaveLength(1);
    await sql.close();
  });

  test("connections are kept, and closed so that no server complains", async () => {
    await cluster.sql(0, "CREATE USER asker@localhost IDENTIFIED BY 'asker'");
    const { socket } = cluster.paths(0);
    const sql = createServerSql({ socket, user: "asker", password: "asker" }, clock);
    asked.push(sql);
    const count = async () => {
      const [row] = await cluster.sql(0, "SHOW GLOBAL STATUS LIKE 'Connections'");
      return Number(row.Value);
    };
    await becomes(sql, { state: 4 });
    const before = await count();
    for (let time = 0; time < 3; time += 1) {
      await clock.sleep(600);
      await becomes(sql, { state: 4 });
    }
    expect((await count()) - before).toBe(1); // that of the last count
    await sql.close();
    await clock.sleep(200);
    expect(cluster.log(0)).not.toMatch(/Aborted connection .*asker/);
  });

  test("outside a primary component, and outside any", async () => {
    const sql = sqlOf(1);
    await becomes(sql, { primary: true });
    await cluster.kill(0);
    await becomes(sql, { primary: false, ready: false, clusterSize: 1, state: 0 });
    expect(await statusOf(sql)).toMatchObject({ lastCommitted: expect.any(BigInt) });
    await cluster.says(1, /\[warn\].* in a component that is not primary: galera-1/);
    await cluster.sql(1, "SET GLOBAL wsrep_cluster_address = ''").catch(() => {});
    await becomes(sql, { primary: false, ready: false, clusterSize: 0, state: 0 });
  });
});

describe("where it has none, and the members share a key", () => {
  const [uid, gid] = [1_000_730_000, 0];

  beforeAll(async () => {
    const network = {
      address: (i: number) => podAddress(block, 20 + i),
      dnsHost: "127.0.0.1",
      inside: () => ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", "--"],
    };
    cluster = await createCluster({
      ...{ block, provider: quick, network },
      env: { GALERA_AGENT_KEY: key, GALERA_SST_METHOD: "rsync" },
    });
    for (const i of [0, 1]) {
      for (const path of [cluster.paths(i).dir, cluster.paths(i).run]) {
        mkdirSync(path, { recursive: true });
        chownSync(path, uid, gid);
      }
    }
    await cluster.found([0, 1]);
  });
  afterAll(() => cluster.close());

  test("the founder makes the account that all derive, and all agents get in", async () => {
    for (const i of [0, 1]) {
      await heard(i);
      expect(statSync(`/proc/${serverPid(i)}`).uid).toBe(uid);
      expect(await agents(i, "'mysql', 'galera-peers'")).toEqual([
        { User: "galera-peers", plugin: "mysql_native_password" },
      ]);
    }
  });

  test("nothing tells the key or the password", async () => {
    const account = agentAccount(undefined, key);
    const password = account?.kind === "password" ? account.password : "";
    expect(password).not.toBe("");
    for (const i of [0, 1]) {
      const environment = readFileSync(`/proc/${serverPid(i)}/environ`, "utf8");
      const commands = cluster.session(i).map((pid) => commandLine(pid).join(" "));
      const { dir, log } = cluster.paths(i);
      const texts = [environment, ...commands, readFileSync(log, "utf8")];
      for (const text of texts) {
        expect(text).not.toContain(key);
        expect(text).not.toContain(password);
      }
      for (const path of readdirSync(dir, { recursive: true, encoding: "utf8" })) {
        const file = join(dir, path);
        if (!statSync(file, { throwIfNoEntry: false })?.isFile()) continue;
        const bytes = contentOf(file);
        if (path === "run/galera.cnf") {
          // How the SST script gets in at its own server: nobody else reads it.
          expect([bytes.includes(key), bytes.includes(password)]).toEqual([false, true]);
          expect(statSync(file).mode & 0o777).toBe(0o600);
          continue;
        }
        expect([file, bytes.includes(key), bytes.includes(password)]).toEqual([file, false, false]);
      }
    }
  });
});
