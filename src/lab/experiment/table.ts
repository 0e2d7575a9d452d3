/* The article's database, and how it is asked at one member. */
import { createConnection } from "mariadb";
import { exitCode, Failure, messageOf } from "../../system/failure.js";

export interface Row {
  readonly id: number;
  readonly value: string;
}

/** Empty; through one member. */
export async function createTable(socket: string): Promise<void> {
  await ask(socket, "CREATE DATABASE inajob");
  await ask(
    socket,
    "CREATE TABLE inajob.hoge(id INT AUTO_INCREMENT NOT NULL PRIMARY KEY, value VARCHAR(20))",
  );
}

export async function insertRow(socket: string, value: string): Promise<void> {
  await ask(socket, "INSERT INTO inajob.hoge(value) VALUES (?)", [value]);
}

/** All rows that the cluster has by now, by their ids; undefined where the member does not answer. */
export async function readRows(socket: string): Promise<readonly Row[] | undefined> {
  const sql = "SET STATEMENT wsrep_sync_wait=1 FOR SELECT id, value FROM inajob.hoge ORDER BY id";
  try {
    return await ask<readonly Row[]>(socket, sql);
  } catch {
    return undefined;
  }
}

/** A member that is ready answers after a failover at most; one that is not may not at all. */
const limitMs = 20_000;

/** @throws Failure 69 where the member does not do it */
async function ask<T>(socketPath: string, sql: string, values?: readonly unknown[]): Promise<T> {
  try {
    const connection = await createConnection({
      ...{ socketPath, user: "root", connectTimeout: limitMs, socketTimeout: limitMs },
    });
    connection.on("error", () => {}); // the query has it as well
    try {
      return await connection.query<T>(sql, values);
    } finally {
      await connection.end().catch(() => {});
    }
  } catch (error) {
    throw new Failure(exitCode.unavailable, `${sql} at ${socketPath}: ${messageOf(error)}`);
  }
}
