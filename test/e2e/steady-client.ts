/*
 * A client as applications have it: one connection out of a pool that drops a connection on any error
 * and connects anew, through the Service's address. It writes a row every 100 ms, and where that fails
 * once more at once; then the write is given up, as its caller would be told.
 */
import { type Connection, createConnection } from "mariadb";
import { systemClock as clock } from "../../src/system/clock.js";

export interface SteadyClient {
  /** The member that it is connected to, by the server's own name; undefined while it is to none. */
  member(): string | undefined;
  /** What has happened since the last look, or the start. */
  look(): Observation;
  /** Stops after the write that is under way. */
  end(): Promise<void>;
}

export interface Observation {
  readonly written: number;
  /** The longest time without an acknowledged write, in ms: 100 and a little where nothing happens. */
  readonly stallMs: number;
  /** Writes whose first try failed. */
  readonly retried: number;
  /** Writes whose second try failed as well, with both errors. */
  readonly failed: readonly string[];
}

export interface SteadyOptions {
  readonly host: string;
  readonly port: number;
  /** Is told of each row that the server has acknowledged. */
  readonly acknowledged: (id: number) => void;
}

const everyMs = 100;
/** What a cluster's own clients have written has smaller ones. */
let lastId = 1_000_000;

/** Starts to write to `proof.written`. */
export function startSteadyClient({ host, port, acknowledged }: SteadyOptions): SteadyClient {
  let connection: Connection | undefined;
  let member: string | undefined;
  let going = true;
  let seen = { written: 0, stallMs: 0, retried: 0, failed: [] as string[] };
  let ackedMs = clock.now();

  const drop = () => {
    connection?.destroy();
    connection = undefined;
    member = undefined;
  };
  const connected = async (): Promise<Connection> => {
    if (connection !== undefined) return connection;
    connection = await createConnection({ host, port, user: "root", connectTimeout: 2000 });
    connection.on("error", () => {}); // the next write shows it
    const [row] = await connection.query("SELECT @@wsrep_node_name AS name");
    member = row.name;
    return connection;
  };
  /** The error; undefined where the row is written. A first try may have got through unheard. */
  const tryOnce = async (id: number): Promise<string | undefined> => {
    try {
      const own = await connected();
      await own.query("INSERT IGNORE INTO proof.written VALUES (?, 0, 'steady')", [id]);
      return undefined;
    } catch (error) {
      drop();
      return error instanceof Error ? error.message : String(error);
    }
  };
  const note = () => {
    seen.stallMs = Math.max(seen.stallMs, clock.now() - ackedMs);
  };
  const write = async () => {
    lastId += 1;
    const id = lastId;
    const first = await tryOnce(id);
    if (first !== undefined) seen.retried += 1;
    const second = first === undefined ? undefined : await tryOnce(id);
    if (second !== undefined) {
      seen.failed.push(`${first}; ${second}`);
      return;
    }
    acknowledged(id);
    note();
    ackedMs = clock.now();
    seen.written += 1;
  };
  const run = async () => {
    while (going) {
      const begunMs = clock.now();
      await write();
      await clock.sleep(Math.max(0, begunMs + everyMs - clock.now()));
    }
    drop();
  };

  const ended = run();
  return {
    member: () => member,
    look: () => {
      note();
      const now = seen;
      seen = { written: 0, stallMs: 0, retried: 0, failed: [] };
      return now;
    },
    end: async () => {
      going = false;
      await ended;
    },
  };
}
