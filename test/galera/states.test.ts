/** The parsers on what real servers left; `test/fixtures/galera/make` makes it again. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseGrastate, zeroUuid } from "../../src/galera/grastate.js";
import { parseGvwstate } from "../../src/galera/gvwstate.js";
import { recoveredPosition } from "../../src/galera/recover.js";

const fixtures = join(import.meta.dirname, "../fixtures/galera");

function names(of: string): string[] {
  return readdirSync(of, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

function read(state: string, name: string): string {
  return readFileSync(join(fixtures, state, name), "utf8");
}

/** Which uuid grastate.dat names: none where there is no file, and none in a file without content. */
type Uuid = "cluster" | "zero" | "no content" | "no file";

interface State {
  readonly grastate: Uuid;
  /** Whether grastate.dat has a seqno, which only a clean stop writes. */
  readonly clean: boolean;
  readonly safe: boolean;
  /** How many members gvwstate.dat has; 0 where there is no file. */
  readonly members: number;
  readonly markers: readonly string[];
  /** What `--wsrep-recover` ends with, and whether it names a cluster's position. */
  readonly recovery: "position" | "zero" | "none" | "failure";
}

const sst = ["sst_in_progress", "wsrep_sst.pid"];
const usual: State = {
  grastate: "cluster",
  clean: false,
  safe: false,
  members: 0,
  markers: [],
  recovery: "position",
};

const states: Readonly<Record<string, State>> = {
  initialised: { ...usual, grastate: "no file", recovery: "zero" },
  "alone-running": { ...usual, safe: true, members: 1, recovery: "failure" },
  "alone-crashed": { ...usual, safe: true, members: 1 },
  "two-running": { ...usual, members: 2, recovery: "failure" },
  "two-crashed": { ...usual, members: 2 },
  "stopped-not-last": { ...usual, clean: true },
  "stopped-last": { ...usual, clean: true, safe: true },
  "stopped-at-once": { ...usual, clean: true },
  "sst-killed": { ...usual, grastate: "no content", members: 2, markers: sst },
  // The SST script outlived the server for a moment and took its markers away.
  "sst-server-killed": { ...usual, grastate: "no content", members: 2 },
  "sst-killed-over-data": { ...usual, grastate: "zero", members: 2, markers: sst },
  "ist-killed": { ...usual, grastate: "zero", members: 2 },
  "ddl-crashed": { ...usual, grastate: "zero", safe: true, members: 1 },
  // safe_to_bootstrap is what it was before: this one had been the last to stop.
  "reversing-history": { ...usual, grastate: "zero", safe: true },
  "recover-gtid-mode": { ...usual, safe: true, members: 1 },
  "recover-wsrep-off": { ...usual, safe: true, members: 1, recovery: "none" },
  "recover-log-error": { ...usual, safe: true, members: 1, recovery: "none" },
  "recover-as-root": { ...usual, safe: true, members: 1, recovery: "failure" },
};

test("the table has every state", () => {
  expect(Object.keys(states).sort()).toEqual(names(fixtures));
});

describe.each(Object.entries(states))("%s", (name, state) => {
  const files = read(name, "files").trimEnd().split("\n");

  test("grastate.dat", () => {
    expect(files.includes("grastate.dat")).toBe(state.grastate !== "no file");
    if (state.grastate === "no file") return;
    const parsed = parseGrastate(read(name, "grastate.dat"));
    expect(parsed === undefined).toBe(state.grastate === "no content");
    if (parsed === undefined) return;
    expect(parsed.uuid === zeroUuid).toBe(state.grastate === "zero");
    expect(parsed.seqno >= 0n).toBe(state.clean);
    expect(parsed.safeToBootstrap).toBe(state.safe);
  });

  test("gvwstate.dat", () => {
    expect(files.includes("gvwstate.dat")).toBe(state.members > 0);
    if (state.members === 0) return;
    const parsed = parseGvwstate(read(name, "gvwstate.dat"));
    expect(parsed?.members).toHaveLength(state.members);
    expect(parsed?.members).toContain(parsed?.uuid);
    expect(parsed?.viewSeq).toBeGreaterThanOrEqual(state.members);
  });

  test("the markers of an SST", () => {
    expect(files.filter((file) => sst.includes(file))).toEqual(state.markers);
  });

  test("the recovered position", () => {
    const output = read(name, "recover");
    const position = recoveredPosition(output);
    expect(output.startsWith("exit code 0\n")).toBe(state.recovery !== "failure");
    expect(position !== undefined).toBe(["position", "zero"].includes(state.recovery));
    if (position === undefined) return;
    expect(position.startsWith(`${zeroUuid}:-1`)).toBe(state.recovery === "zero");
    if (state.grastate !== "cluster") return;
    const grastate = parseGrastate(read(name, "grastate.dat"));
    expect(position.split(":")[0]).toBe(grastate?.uuid);
    if (state.clean) expect(position).toBe(`${grastate?.uuid}:${grastate?.seqno}`);
  });
});

test("in GTID mode the position has a GTID behind it", () => {
  expect(recoveredPosition(read("recover-gtid-mode", "recover"))).toMatch(/:\d+,\d+-\d+-\d+$/);
});
