/** An initialisation that is killed, wherever it is, and begun again. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { systemClock } from "../../src/system/clock.js";
import { until } from "./cli.js";
import { createFounder, type Founder } from "./founder.js";

const password = "root's";

/** Starts; tells what is in the server, and who may do what; stops. */
async function contents(founder: Founder): Promise<unknown> {
  const started = founder.start();
  const root = { user: "root", password };
  await founder.ready(started, root);
  const rows = (sql: string) => founder.ask(sql, root);
  const accounts = await rows("select concat(quote(user), '@', quote(host)) from mysql.user");
  const grants: unknown[] = [];
  for (const account of accounts.toSorted()) grants.push(await rows(`show grants for ${account}`));
  const seen = {
    ...{ grants, databases: await rows("show databases") },
    tables: await rows(
      "select concat(table_schema, '.', table_name) from information_schema.tables order by 1",
    ),
    zones: await rows("select count(*) from mysql.time_zone_transition"),
    members: await rows(
      "select variable_value from information_schema.global_status where variable_name = 'wsrep_cluster_size'",
    ),
    user: await founder.ask("select 1", { user: "u", password: "user's", database: "shop" }),
  };
  started.child.kill();
  expect(await started.ended).toEqual({ code: 0, signal: null });
  return seen;
}

/** Starts, and kills everything `ms` after the initialisation has begun. */
async function cutOff(founder: Founder, ms: number): Promise<void> {
  const killed = founder.start();
  await until(() => killed.output().includes("initialising "), "the initialisation to begin");
  await systemClock.sleep(ms);
  killed.child.kill("SIGKILL");
  await killed.ended;
  await founder.endAll();
}

/** The volume of another pod. */
function wipe({ data }: Founder): void {
  for (const entry of readdirSync(data)) rmSync(join(data, entry), { recursive: true });
}

test("a founder killed at any point of it begins anew, and is whole", {
  timeout: 600_000,
}, async () => {
  const founder = await createFounder({
    address: "127.0.81.2",
    env: {
      ...{ MARIADB_ROOT_PASSWORD: password, MARIADB_DATABASE: "shop" },
      ...{ MARIADB_USER: "u", MARIADB_PASSWORD: "user's" },
    },
  });
  const undisturbed = founder.start();
  const ms = await until(
    () => /(?<=initialised in )\d+/.exec(undisturbed.output())?.[0],
    "an initialisation that nobody disturbs",
  );
  undisturbed.child.kill("SIGKILL");
  await undisturbed.ended;
  await founder.endAll();
  const whole = await contents(founder);
  expect(whole).toMatchObject({ members: ["1"], user: [1] });

  let half = 0;
  for (const share of [0, 0.05, 0.1, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 1]) {
    wipe(founder);
    await cutOff(founder, share * Number(ms));
    half += existsSync(join(founder.data, "galera-peers.initialisation")) ? 1 : 0;
    expect(await contents(founder), `killed after ${share} of ${ms} ms`).toEqual(whole);
    expect(existsSync(join(founder.data, "galera-peers.initialisation"))).toBe(false);
  }
  expect(half).toBeGreaterThanOrEqual(3);
});
