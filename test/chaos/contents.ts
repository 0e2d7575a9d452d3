import type { Lab } from "../../src/lab/options.js";
import { podPaths } from "../../src/lab/pod.js";
import type { Contents } from "./judge.js";
import { tables, unbalanced } from "./schema.js";
import { withSession } from "./session.js";

const answerMs = 30_000;

/** Reads all that a member has, once it has got all that the cluster had before. */
export function readContents(lab: Lab, member: string, isSynced = true): Promise<Contents> {
  return withSession({ path: podPaths(lab, member).socket }, answerMs, async (session) => {
    if (isSynced) await session.query("SET SESSION wsrep_sync_wait = 15");
    const ids = async (query: string): Promise<readonly number[]> =>
      (await session.query(query)).map(({ id }: { id: number }) => id);
    const rows = new Set(await ids("SELECT id FROM chaos.written"));
    const transfers = new Set(await ids("SELECT id FROM chaos.transfers"));
    const [{ sum }] = await session.query("SELECT SUM(balance) AS sum FROM chaos.accounts");
    const sums: readonly { Table: string; Checksum: number }[] = await session.query(
      `CHECKSUM TABLE ${tables.join(", ")}, mysql.global_priv`,
    );
    return {
      ...{ member, rows, transfers, sum: Number(sum), unbalanced: await ids(unbalanced) },
      checksums: Object.fromEntries(sums.map(({ Table, Checksum }) => [Table, Checksum])),
    };
  });
}
