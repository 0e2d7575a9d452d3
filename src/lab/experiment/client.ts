/*
 * The article's loop, faster: a read and a write, each every 100 ms, each on a connection of its own as
 * `mysql -e` has it, and each once more at once where it fails. Reads do not wait for writes.
 */
import { connect, type Socket } from "node:net";
import { createConnection } from "mariadb";
import type { Clock } from "../../system/clock.js";

export type QueryKind = "read" | "write";

export interface Try {
  /** From the connection's beginning to the answer. */
  readonly ms: number;
  /** Why there is none. */
  readonly error?: string;
}

export interface Call {
  readonly kind: QueryKind;
  /** Since the loop's beginning. */
  readonly atMs: number;
  readonly first: Try;
  /** Only where the first one failed. */
  readonly again?: Try;
}

export interface LoopOptions {
  readonly host: string;
  readonly port: number;
  /** All times are since then. */
  readonly beginMs: number;
}

export interface Loop {
  readonly calls: readonly Call[];
  /** The ids that the server has acknowledged. */
  readonly written: ReadonlySet<number>;
  /** Resolves once what is under way has ended. */
  end(): Promise<void>;
}

export interface LoopPorts {
  readonly clock: Clock;
  /** Cuts what is under way. */
  readonly signal: AbortSignal;
}

const everyMs = 100;
/** As pools have it: until a connection is there, and until a query on it is answered. */
const limits = { connectMs: 2000, answerMs: 15_000 } as const;

export function startLoop(
  { host, port, beginMs }: LoopOptions,
  { clock, signal }: LoopPorts,
): Loop {
  const calls: Call[] = [];
  const written = new Set<number>();
  let going = true;
  let lastId = 1000;

  const attempt = async (sql: string, values: readonly unknown[]): Promise<Try> => {
    const startMs = clock.now();
    try {
      await query({ host, port, signal }, sql, values);
      return { ms: clock.now() - startMs };
    } catch (error) {
      return { ms: clock.now() - startMs, error: reasonOf(error) };
    }
  };
  const call = async (kind: QueryKind, sql: string, values: readonly unknown[]) => {
    const atMs = clock.now() - beginMs;
    const first = await attempt(sql, values);
    const again = first.error === undefined ? undefined : await attempt(sql, values);
    calls.push({ kind, atMs, first, ...(again && { again }) });
    return (again ?? first).error === undefined;
  };
  const steps = {
    read: async () => void (await call("read", "SELECT COUNT(*) FROM inajob.hoge", [])),
    write: async () => {
      lastId += 1;
      const id = lastId;
      // A first try may have got through unheard.
      const sql = "INSERT IGNORE INTO inajob.hoge(id, value) VALUES (?, 'steady')";
      if (await call("write", sql, [id])) written.add(id);
    },
  };
  const run = async (step: () => Promise<void>) => {
    while (going && !signal.aborted) {
      const startMs = clock.now();
      await step();
      await clock.sleep(Math.max(0, startMs + everyMs - clock.now()));
    }
  };
  const ended = Promise.all([run(steps.read), run(steps.write)]);
  return {
    ...{ calls, written },
    end: async () => {
      going = false;
      await ended;
    },
  };
}

/**
 * One query on one connection. The connector's own `destroy` connects once more to have the query
 * killed, so what lasts too long is cut at the socket.
 */
async function query(
  { host, port, signal }: Pick<LoopOptions, "host" | "port"> & Pick<LoopPorts, "signal">,
  sql: string,
  values: readonly unknown[],
): Promise<void> {
  signal.throwIfAborted();
  let socket: Socket | undefined;
  const cut = () => void socket?.destroy(new Error("interrupted"));
  signal.addEventListener("abort", cut);
  const cutAfter = (ms: number, what: string) =>
    setTimeout(() => socket?.destroy(new Error(`${what} within ${ms / 1000} s`)), ms);
  let timer = cutAfter(limits.connectMs, "no connection");
  try {
    const stream = () => {
      socket = connect({ host, port, noDelay: true });
      return socket;
    };
    const connection = await createConnection({ stream, user: "root", connectTimeout: 0 });
    connection.on("error", () => {}); // the query has it as well
    clearTimeout(timer);
    timer = cutAfter(limits.answerMs, "no answer");
    await connection.query(sql, values);
    void connection.end().catch(() => {});
  } catch (error) {
    socket?.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", cut);
  }
}

/** Without what differs each time: the connection's number, addresses. */
function reasonOf(error: unknown): string {
  const { sqlMessage, code, cause, message } = error as Partial<Record<string, unknown>>;
  const inner = (cause as Error | undefined)?.message;
  const text = String(inner ?? sqlMessage ?? message ?? code);
  const [line = ""] = text.split("\n");
  return line.replace(/^\(conn:[^)]*\) */, "").replace(/^[a-z]+ (E[A-Z]+)\b.*/, "$1");
}
