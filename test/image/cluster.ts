/** What the tests ask the members of a namespace. */
import { onTestFailed, test } from "vitest";
import type { Life } from "./life.js";
import { type Namespace, until } from "./namespace.js";

export const all = [0, 1, 2];

/** What the SST scripts say of a full transfer, and where the donor's write-sets were enough. */
export const sst = "SST completed on joiner";
export const ist = "IST completed on joiner";

/** A client of one member's, with a password that it finds in its own container. */
export function createClient(namespace: Namespace, container: string, password: string) {
  const life = (ordinal: number): Life => namespace.pod(ordinal).container(container);
  const client = `MYSQL_PWD=${password} exec mariadb -uroot --batch --skip-column-names -e "$0"`;
  const sql = async (ordinal: number, statement: string): Promise<string> => {
    const { exitCode, said } = await life(ordinal).current().exec(["sh", "-c", client, statement]);
    if (exitCode !== 0) throw new Error(`${namespace.pod(ordinal).name}: ${statement}: ${said}`);
    return said;
  };
  const status = async (ordinal: number, name: string) =>
    (await sql(ordinal, `SHOW STATUS LIKE '${name}'`)).split("\t")[1];
  /** What all members say, if they agree, else each one's. */
  const ofAll = async (name: string) => {
    const said = await Promise.all(all.map((ordinal) => status(ordinal, name)));
    return new Set(said).size === 1 ? said[0] : said;
  };
  const isWhole = async () =>
    (await ofAll("wsrep_cluster_size")) === "3" &&
    (await ofAll("wsrep_local_state_comment")) === "Synced";
  return {
    ...{ life, sql, status, ofAll },
    /** By their own words: for a second an agent may not know yet that its server was killed. */
    whole: () => until(() => isWhole().catch(() => false), "three members synced", 90_000),
  };
}

/** How often a cluster was founded. */
export function foundings(log: string): number {
  return log.match(/galera-peers: founding the cluster/g)?.length ?? 0;
}

/** Tests that show what the members said, where they fail. */
export function testing(namespace: () => Namespace) {
  return (what: string, check: () => Promise<void>): void =>
    test(what, async () => {
      onTestFailed(() => console.log(namespace().log()));
      await check();
    });
}
