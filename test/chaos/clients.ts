/*
 * Clients as applications have them: each with one connection through the Service's address, which it
 * drops after any error. A write that fails is not tried again: whether it got through is unknown, and
 * so it counts for nothing.
 */
import type { SqlError } from "mariadb";
import { systemClock as clock } from "../../src/system/clock.js";
import type { Records } from "./records.js";
import { accounts, constantSum } from "./schema.js";
import { openSession, type Session } from "./session.js";

export interface ClientCounts {
  acknowledged: number;
  /** Writes whose outcome nobody knows, or that were refused. */
  failed: number;
  /** Transactions that lost against another one (certification, deadlocks). */
  conflicts: number;
  /** Reads that were compared with what must be. */
  compared: number;
}

export interface Clients {
  readonly counts: Readonly<ClientCounts>;
  /** Reads that showed what must not be. */
  readonly violations: readonly string[];
  /** Stops after what is under way. */
  end(): Promise<void>;
}

export interface ClientOptions {
  readonly host: string;
  readonly port: number;
  readonly records: Records;
}

/** A crash stops a cluster's writes for 6 s, which is no failure yet. */
const answerMs = 10_000;
const reconnectMs = 150;
/** Between a client's statements; 28 writes a second in all. */
const pauseMs = { insert: 100, transfer: 250, read: 400 } as const;
/** What is wrong stays so: enough to see it. */
const mostViolations = 20;
/** ER_LOCK_DEADLOCK and ER_LOCK_WAIT_TIMEOUT. */
const conflicts = [1213, 1205];

type Work = (session: Session, client: number) => Promise<void>;

export function startClients({ host, port, records }: ClientOptions): Clients {
  const counts: ClientCounts = { acknowledged: 0, failed: 0, conflicts: 0, compared: 0 };
  const violations: string[] = [];
  let lastRow: number | undefined;
  let isGoing = true;

  const compare = (isRight: boolean, what: () => string) => {
    counts.compared += 1;
    if (!isRight && violations.length < mostViolations) violations.push(what());
  };
  const fail = (error: unknown): void => {
    if (conflicts.includes((error as Partial<SqlError>).errno ?? 0)) counts.conflicts += 1;
    else counts.failed += 1;
  };

  const insert: Work = async (session, client) => {
    const id = records.nextId();
    await session.query("INSERT INTO chaos.written VALUES (?, ?, REPEAT('x', 150))", [id, client]);
    records.acknowledged("row", id);
    counts.acknowledged += 1;
    lastRow = id;
    if (id % 5 !== 0) return;
    const rows = await session.query("SELECT id FROM chaos.written WHERE id = ?", [id]);
    compare(rows.length === 1, () => `row ${id}, read where it was just written, is not there`);
  };

  const transfer: Work = async (session) => {
    const id = records.nextId();
    const source = accounts[id % accounts.length];
    const target = accounts[(id * 7 + 3) % accounts.length];
    const amount = 1 + (id % 20);
    const add = "UPDATE chaos.accounts SET balance = balance + ? WHERE id = ?";
    await session.query("START TRANSACTION");
    await session.query(add, [-amount, source]);
    await session.query(add, [amount, target]);
    const row = [id, source, target, amount];
    await session.query("INSERT INTO chaos.transfers VALUES (?, ?, ?, ?)", row);
    await session.query("COMMIT");
    records.acknowledged("transfer", id);
    counts.acknowledged += 1;
  };

  const read: Work = async (session) => {
    const [{ sum }] = await session.query("SELECT SUM(balance) AS sum FROM chaos.accounts");
    compare(Number(sum) === constantSum, () => `the accounts have ${sum}, not ${constantSum}`);
    const id = lastRow;
    if (id === undefined) return;
    await session.query("SET SESSION wsrep_sync_wait = 1");
    const rows = await session.query("SELECT id FROM chaos.written WHERE id = ?", [id]);
    compare(
      rows.length === 1,
      () => `acknowledged row ${id}, read with wsrep_sync_wait, is not there`,
    );
    await session.query("SET SESSION wsrep_sync_wait = 0");
  };

  const run = async (client: number, work: Work, everyMs: number, isWrite: boolean) => {
    let session: Session | undefined;
    while (isGoing) {
      const begunMs = clock.now();
      try {
        session ??= await openSession({ host, port }, answerMs);
      } catch {
        await clock.sleep(reconnectMs);
        continue;
      }
      try {
        await work(session, client);
      } catch (error) {
        if (isWrite) fail(error);
        session.cut();
        session = undefined;
      }
      await clock.sleep(Math.max(0, begunMs + everyMs - clock.now()));
    }
    await session?.close();
  };

  const runs = [
    run(1, insert, pauseMs.insert, true),
    run(2, insert, pauseMs.insert, true),
    run(3, transfer, pauseMs.transfer, true),
    run(4, transfer, pauseMs.transfer, true),
    run(5, read, pauseMs.read, false),
  ];
  return {
    ...{ counts, violations },
    end: async () => {
      isGoing = false;
      await Promise.all(runs);
    },
  };
}
