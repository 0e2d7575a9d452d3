/*
 * A connection whose every wait has an end: a server that stands still, or is cut off, says nothing.
 * The connector's own time-outs will not do (src/agent/sql/sql.ts says why).
 */
import { connect as connectTo, type NetConnectOpts, type Socket } from "node:net";
import { createConnection } from "mariadb";
import { systemClock as clock } from "../../src/system/clock.js";

export interface Session {
  /** @throws the server's error, or that it has not answered in time, after which the session is over */
  // biome-ignore lint/suspicious/noExplicitAny: rows of any statement
  query(sql: string, values?: readonly unknown[]): Promise<any>;
  /** At once, without a word to the server. */
  cut(): void;
  /** As a client does that goes. */
  close(): Promise<void>;
}

export async function openSession(where: NetConnectOpts, limitMs: number): Promise<Session> {
  let socket: Socket | undefined;
  const cut = (error?: Error) => void socket?.destroy(error);
  const stream = () => {
    socket = connectTo(where);
    return socket;
  };
  const within = async <T>(work: Promise<T>, ms = limitMs): Promise<T> => {
    work.catch(() => {}); // nobody may wait for it any more
    const done = new AbortController();
    const late = clock.sleep(ms, done.signal).then(() => {
      const error = new Error(`no answer within ${ms} ms`);
      cut(error);
      throw error;
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      done.abort();
      late.catch(() => {});
    }
  };
  const options = { stream, user: "root", connectTimeout: 0, bigIntAsNumber: true };
  try {
    const connection = await within(createConnection(options));
    connection.on("error", () => {}); // the next query shows it
    return {
      query: (sql, values = []) => within(connection.query(sql, [...values])),
      cut,
      close: async () => {
        await within(connection.end(), 500).catch(() => {});
        cut();
      },
    };
  } catch (error) {
    cut();
    throw error;
  }
}

/** Opens one, does something with it, and closes it. */
export async function withSession<T>(
  where: NetConnectOpts,
  limitMs: number,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await openSession(where, limitMs);
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}
