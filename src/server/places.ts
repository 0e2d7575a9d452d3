/*
 * The directories in which a server, its SST scripts and this program write.
 */
import { existsSync } from "node:fs";
import { dirname, isAbsolute } from "node:path";
import { readServerOptions } from "../cnf/server-options.js";
import { argumentOf, defaultsArgs, serverOption } from "./command.js";
import type { Place } from "./privileges.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** The value of an option that names a place, from the server's arguments or its option files. */
export type PlaceOption = (name: "socket" | "pid_file" | "tmpdir") => string | undefined;

export function readPlaceOptions(args: readonly string[], env: Environment): PlaceOption {
  const inFiles = readServerOptions({ args: defaultsArgs(args), env });
  return (name) =>
    (name === "socket" ? serverOption(args, name) : argumentOf(args, name)) ?? inFiles(name);
}

/** Where settings and server put what they write. */
export interface Layout {
  readonly datadir: string;
  readonly stateDir: string;
  /** A member's galera.cnf; a single node has none. */
  readonly cnf: string | undefined;
  readonly option: PlaceOption;
  readonly env: Environment;
}

/** Where Debian's and the official image's servers have their socket. */
export const defaultSocket = "/run/mysqld/mysqld.sock";

/** Every directory once, under the name that it has first. */
export function placesOf({ datadir, stateDir, cnf, option, env }: Layout): readonly Place[] {
  const places: Place[] = [
    { what: "datadir", path: datadir, kind: "volume" },
    { what: "state directory", path: stateDir, kind: "volume" },
    ...runDirectories(option).map(
      (path): Place => ({ what: "socket's directory", path, kind: "run" }),
    ),
    ...temporaryDirectories(option("tmpdir"), env).map(
      (path): Place => ({ what: "temporary directory", path, kind: "given" }),
    ),
    ...(cnf === undefined ? [] : cnfDirectory(cnf)),
  ];
  return places.filter(({ path }, index) => places.findIndex((one) => one.path === path) === index);
}

/**
 * The directories of the socket and of the pid file; what is relative is in the datadir. Where a socket is
 * that nobody has named only the server knows: of other builds than those, in the datadir.
 */
export function runDirectories(option: PlaceOption): readonly string[] {
  const usual = existsSync(dirname(defaultSocket)) ? defaultSocket : "";
  const paths = [option("socket") || usual, option("pid_file") ?? ""];
  return [...new Set(paths.filter(isAbsolute).map(dirname))];
}

/** The server's own, a list with colons (mysys/mf_tempdir.cc), and that of the SST scripts' mktemp. */
function temporaryDirectories(tmpdir: string | undefined, env: Environment): readonly string[] {
  return [...(tmpdir ?? "").split(":").filter(isAbsolute), env.TMPDIR || "/tmp"];
}

/** Where it is to be made. One that is there may be right already, and is not written then. */
function cnfDirectory(cnf: string): readonly Place[] {
  if (existsSync(cnf)) return [];
  return [
    {
      ...{ what: "directory of galera.cnf", path: dirname(cnf), kind: "given" },
      otherwise:
        "or let --cnf (GALERA_CNF) name a file elsewhere that the server's option files include",
    },
  ];
}
