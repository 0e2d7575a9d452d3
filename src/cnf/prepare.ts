import { type BaseSources, readBase, readOptionFile } from "./base.js";
import { editOptions } from "./edit.js";
import { refuseOverrides } from "./includes.js";
import { type GaleraSettings, galeraChanges } from "./render.js";

/** A galera.cnf that is ready to be written. Texts are one byte a character. */
export interface PreparedCnf {
  readonly path: string;
  /** What the file holds now; undefined if there is none. */
  readonly current: string | undefined;
  /** What it shall hold: for writeIfChanged. */
  readonly text: string;
}

/**
 * Works out galera.cnf from its base and the settings, and changes nothing. Everything for which
 * MariaDB would not take the settings over is refused here.
 *
 * @throws Failure as readBase, renderGaleraCnf and refuseOverrides
 */
export function prepareGaleraCnf(sources: BaseSources, settings: GaleraSettings): PreparedCnf {
  const changes = galeraChanges(settings);
  const text = editOptions(readBase(sources), changes);
  refuseOverrides(sources.cnf, text, changes);
  return { path: sources.cnf, current: readOptionFile(sources.cnf), text };
}
