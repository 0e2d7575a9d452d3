import { readFileSync, statSync } from "node:fs";
import { errnoOf, exitCode, Failure, messageOf } from "../system/failure.js";
import { refuseProblems, refuseWorldWritable } from "./check.js";

/** Where the text of galera.cnf comes from, first match: the template, the file itself, built-in. */
export interface BaseSources {
  /** The galera.cnf that is to be written. */
  readonly cnf: string;
  /** A template that was asked for; it must exist. */
  readonly template?: string | undefined;
  readonly builtIn: () => string;
}

/**
 * The text that galera.cnf starts from, one byte a character.
 *
 * @throws Failure (config) if it cannot be read or MariaDB ignores it, (data) naming the line if
 *   MariaDB would refuse it
 */
export function readBase({ cnf, template, builtIn }: BaseSources): string {
  const path = template ?? cnf;
  const text = readOptionFile(path);
  if (text === undefined) {
    if (template === undefined) return builtIn();
    throw new Failure(exitCode.config, `the template ${template} does not exist`);
  }
  if (template === undefined) refuseWorldWritable(cnf, statSync(cnf).mode);
  refuseProblems(path, text);
  return text;
}

/**
 * A file's text, one byte a character, or undefined if there is no such file.
 *
 * @throws Failure (config) if it cannot be read
 */
export function readOptionFile(path: string): string | undefined {
  try {
    if (!statSync(path).isFile()) {
      throw new Failure(exitCode.config, `${path} is no regular file: name an option file`);
    }
    return readFileSync(path, "latin1");
  } catch (error) {
    if (error instanceof Failure) throw error;
    if (errnoOf(error) === "ENOENT") return undefined;
    throw new Failure(exitCode.config, `cannot read ${path}: ${messageOf(error)}`);
  }
}
