import { appendFileSync } from "node:fs";

/** What the servers have acknowledged, kept outside of the cluster. */
export interface Records {
  /** Rows of `chaos.written`. */
  readonly rows: ReadonlySet<number>;
  /** Rows of `chaos.transfers`. */
  readonly transfers: ReadonlySet<number>;
  acknowledged(table: "row" | "transfer", id: number): void;
  /** For a row that nobody has tried to write yet. */
  nextId(): number;
}

/** @param path the file that gets a line for each */
export function createRecords(path: string): Records {
  const rows = new Set<number>();
  const transfers = new Set<number>();
  let lastId = 0;
  return {
    ...{ rows, transfers },
    acknowledged: (table, id) => {
      appendFileSync(path, `${table} ${id}\n`);
      (table === "row" ? rows : transfers).add(id);
    },
    nextId: () => {
      lastId += 1;
      return lastId;
    },
  };
}
