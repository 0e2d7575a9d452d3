import { createConnection as connectTo, type Socket } from "node:net";
import type { Connection, SqlError } from "mariadb";
import {
  type NamedValue,
  readWsrepStatus,
  type WsrepStatus,
  wsrepQuery,
} from "../../galera/wsrep-status.js";
import type { Clock } from "../../system/clock.js";
import { messageOf } from "../../system/failure.js";

/** What asking the server of this pod came to. */
export type ServerAnswer =
  | { readonly kind: "status"; readonly status: WsrepStatus }
  /** It is there, but does not answer this account. */
  | {
      readonly kind: "refuses";
      readonly why: string;
      /** There is no such account, or another one under its name. */
      readonly denied?: true;
    }
  /** Nobody answers. */
  | { readonly kind: "silent"; readonly why: string };

/** The server of this pod, as the agent asks it. */
export interface ServerSql {
  /** Never fails; an answer takes 400 ms at most. */
  status(): Promise<ServerAnswer>;
  /** Whether the connection that it last answered over is there: a server that ends closes it at once. */
  isConnected(): boolean;
  /**
   * Makes the server's component primary.
   *
   * @throws what the server, or the way to it, has said
   */
  bootstrap(): Promise<void>;
  /** @throws as `bootstrap` */
  shutdown(): Promise<void>;
  /**
   * Has the server and Galera read their certificates anew: for their next connections.
   *
   * @throws as `bootstrap`
   */
  reloadTls(): Promise<void>;
  close(): Promise<void>;
}

export interface SqlOptions {
  readonly socket: string;
  readonly user: string;
  /** Left out: the operating system says who asks. */
  readonly password?: string;
}

/** A member that asks for this one's state waits 1 s for it. */
const answerMs = 400;
/** An order is obeyed within this, or has failed. */
const orderMs = 2000;
/** Each login that is denied is a warning in the server's own log. */
const deniedForMs = 30_000;

/** How a server says no to an account (mysqld_error.h). */
const denials = [1045, 1698]; // ER_ACCESS_DENIED_ERROR, ER_ACCESS_DENIED_NO_PASSWORD_ERROR
/** The connector's own errors have numbers from here on (mariadb, lib/misc/errors.js). */
const clientErrors = 45_000;

/** A server that has a variable for each option of the provider says so, by one of two errors (11.8). */
const readOnly = /wsrep_provider_options.* (read only|cannot be changed)/;

/** SQL, or an option of Galera's library that is to be set to 1. */
type Statement = string | { readonly provider: string };

/** A connection, from when it is asked for. */
interface Link {
  readonly connection: Promise<Connection>;
  /** Ends it at once; whoever waits for an answer gets this error. */
  readonly cut: (error?: Error) => void;
}

/**
 * Asks over the server's socket: one connection, made when it is needed and again when it was lost.
 *
 * The connector's own time-outs are of no use here: a socket's cuts connections that are idle, too, and
 * `destroy` connects once more to have the query killed, which a server that stands still never does.
 */
export function createServerSql(
  { socket: path, user, password }: SqlOptions,
  clock: Clock,
): ServerSql {
  let link: Link | undefined;
  let denied: { readonly answer: ServerAnswer; readonly untilMs: number } | undefined;
  let isClosed = false;

  const open = (): Link => {
    let socket: Socket | undefined;
    let isCut = false;
    const connect = async () => {
      const { createConnection } = await import("mariadb");
      if (isCut) throw new Error("closed");
      const stream = () => {
        socket = connectTo(path);
        return socket;
      };
      const secret = password === undefined ? {} : { password };
      const made = await createConnection({ stream, user, ...secret, connectTimeout: 0 });
      made.on("error", () => drop(own));
      return made;
    };
    const own: Link = {
      connection: connect(),
      cut: (error) => {
        isCut = true;
        socket?.destroy(error);
      },
    };
    return own;
  };

  /** The next question connects anew. */
  const drop = (one: Link, error?: Error) => {
    if (link === one) link = undefined;
    one.cut(error);
  };

  const within = async <T>(limitMs: number, work: Promise<T>): Promise<T> => {
    const done = new AbortController();
    const late = clock.sleep(limitMs, done.signal).then(() => {
      throw new Error(`no answer within ${limitMs} ms`);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      done.abort();
    }
  };

  const ask = async <T>(over: Link, sql: string, limitMs: number): Promise<T> => {
    try {
      return await within(
        limitMs,
        over.connection.then((made) => made.query<T>(sql)),
      );
    } catch (error) {
      if ((error as Partial<SqlError>).fatal !== false) drop(over, error as Error);
      throw error;
    }
  };

  /** COM_QUIT first: without it a connection's end is a warning in the server's log. */
  const quit = async (one: Link) => {
    const end = one.connection.then((made) => made.end());
    await within(answerMs, end).catch(() => {}); // it is over, whatever became of it
    one.cut();
  };

  /** Over one connection. */
  const order = async (...statements: readonly Statement[]): Promise<void> => {
    const own = open(); // a question does not wait for what an order takes
    try {
      for (const statement of statements) {
        if (typeof statement === "string") await ask(own, statement, orderMs);
        else await option(own, statement);
      }
    } catch (error) {
      throw new Error(`${user} on ${path}: ${said(error)}`);
    } finally {
      await quit(own);
    }
  };

  const option = async (over: Link, { provider }: { readonly provider: string }) => {
    try {
      await ask(over, `SET GLOBAL wsrep_provider_options = '${provider}=1'`, orderMs);
    } catch (error) {
      if (!readOnly.test(said(error))) throw error;
      await ask(over, `SET GLOBAL wsrep_provider_${provider.replaceAll(".", "_")} = 1`, orderMs);
    }
  };

  return {
    status: async () => {
      if (isClosed) return { kind: "silent", why: "closed" };
      if (denied !== undefined && clock.now() < denied.untilMs) return denied.answer;
      denied = undefined;
      try {
        link ??= open();
        const rows = await ask<NamedValue[]>(link, wsrepQuery, answerMs);
        return { kind: "status", status: readWsrepStatus(rows) };
      } catch (error) {
        const { errno = 0 } = error as Partial<SqlError>;
        const isOfServer = errno > 0 && errno < clientErrors;
        if (!isOfServer) return { kind: "silent", why: said(error) };
        const refusal = { kind: "refuses", why: said(error) } as const;
        if (!denials.includes(errno)) return refusal;
        denied = { answer: { ...refusal, denied: true }, untilMs: clock.now() + deniedForMs };
        return denied.answer;
      }
    },
    isConnected: () => link !== undefined,
    bootstrap: () => order({ provider: "pc.bootstrap" }),
    // A session with wsrep is refused by a server that is not in a primary component (11.8).
    shutdown: () => order("SET SESSION wsrep_on = OFF", "SHUTDOWN"),
    // Each server has files of its own.
    reloadTls: () => order({ provider: "socket.ssl_reload" }, "FLUSH LOCAL SSL"),
    close: async () => {
      isClosed = true;
      if (link !== undefined) await quit(link);
      link = undefined;
    },
  };
}

/** The whole message has the connection's number, and is another one each time. */
function said(error: unknown): string {
  return (error as Partial<SqlError>).sqlMessage ?? messageOf(error);
}
