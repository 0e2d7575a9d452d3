import type { Connection, SqlError } from "mariadb";
import { messageOf } from "../system/failure.js";

/** The server of this pod, as the agent asks it. */
export interface ServerSql {
  /** `wsrep_last_committed`; undefined where the server cannot be asked. */
  lastCommitted(): Promise<bigint | undefined>;
  /**
   * Makes the server's component primary.
   *
   * @throws what the server, or the way to it, has said
   */
  bootstrap(): Promise<void>;
  /** @throws as `bootstrap` */
  shutdown(): Promise<void>;
  close(): Promise<void>;
}

export interface SqlOptions {
  readonly socket: string;
  /** The account: the operating system's user, whom the unix_socket plugin lets in by that name. */
  readonly user: string;
}

/** A member that asks for this one's state waits 1 s for it. */
const timeoutMs = 400;

/**
 * One connection over the server's socket, made when it is needed. The account has no password, so
 * there is none to keep; an SST brings it along with all others, since it has the same name everywhere.
 */
export function createServerSql({ socket, user }: SqlOptions): ServerSql {
  let connection: Promise<Connection> | undefined;
  const connect = async (): Promise<Connection> => {
    const { createConnection } = await import("mariadb");
    return createConnection({
      socketPath: socket,
      user,
      connectTimeout: timeoutMs,
      socketTimeout: timeoutMs,
    });
  };
  const open = (): Promise<Connection> => {
    const opened = connect();
    opened.then((made) => made.on("error", () => drop(opened))).catch(() => {});
    return opened;
  };
  /** The next question connects anew. */
  const drop = (one: Promise<Connection> | undefined) => {
    if (connection === one) connection = undefined;
    one?.then((made) => made.destroy()).catch(() => {});
  };
  const ask = async <T>(sql: string): Promise<T> => {
    connection ??= open();
    const mine = connection;
    try {
      return await (await mine).query(sql);
    } catch (error) {
      drop(mine);
      throw error;
    }
  };
  const tell = async (sql: string): Promise<void> => {
    try {
      await ask(sql);
    } catch (error) {
      // The whole message has the connection's number, and is another one each time.
      const { sqlMessage } = error as Partial<SqlError>;
      throw new Error(`${user} on ${socket}: ${sqlMessage ?? messageOf(error)}`);
    }
  };
  return {
    lastCommitted: async () => {
      try {
        const rows = await ask<{ Value: string }[]>(
          "SHOW GLOBAL STATUS LIKE 'wsrep_last_committed'",
        );
        const [value = ""] = rows.map((row) => row.Value);
        return /^-?\d+$/.test(value) ? BigInt(value) : undefined;
      } catch {
        return undefined;
      }
    },
    bootstrap: () => tell("SET GLOBAL wsrep_provider_options = 'pc.bootstrap=1'"),
    shutdown: () => tell("SHUTDOWN"),
    close: async () => drop(connection),
  };
}
