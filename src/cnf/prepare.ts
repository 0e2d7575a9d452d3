import { type BaseSources, readBase, readOptionFile } from "./base.js";
import { editOptions } from "./edit.js";
import { refuseOverrides } from "./includes.js";
import { ownBlockOf, refuseCutBlock, withOwnBlock, withoutOwnBlock } from "./own-block.js";
import { type GaleraSettings, galeraChanges } from "./render.js";

/** A galera.cnf that is ready to be written. Texts are one byte a character. */
export interface PreparedCnf {
  readonly path: string;
  /** What the file holds now; undefined if there is none. */
  readonly current: string | undefined;
  /** What it shall hold: for writeIfChanged. */
  readonly text: string;
}

/** What a start chooses besides (see own-block.ts), given galera.cnf without it. */
export type ChooseOptions = (text: string) => string;

/**
 * Works out galera.cnf from its base and the settings, and changes nothing. Everything for which
 * MariaDB would not take the settings over is refused here.
 *
 * @param choose left out: what the last start has chosen stays as it is
 * @throws Failure as readBase, refuseCutBlock, renderGaleraCnf and refuseOverrides
 */
export function prepareGaleraCnf(
  sources: BaseSources,
  settings: GaleraSettings,
  choose?: ChooseOptions,
): PreparedCnf {
  const changes = galeraChanges(settings);
  const base = readBase(sources);
  refuseCutBlock(sources.template ?? sources.cnf, base);
  const edited = editOptions(withoutOwnBlock(base), changes);
  refuseOverrides(sources.cnf, edited, changes);
  const current = readOptionFile(sources.cnf);
  const block = choose === undefined ? ownBlockOf(current ?? "") : choose(edited);
  return { path: sources.cnf, current, text: withOwnBlock(edited, block) };
}
