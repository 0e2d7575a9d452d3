import { readershipOf } from "./groups.js";
import type { Line, OptionContent } from "./option-file.js";

/** A line that holds an option. */
export type OptionLine<L extends Line = Line> = L & { readonly content: OptionContent };

/**
 * The lines that decide an option's value: the last occurrence in the groups that every mariadbd
 * reads, then, of what follows it, the last in each group of one version (`[mariadb-10.11]`), which
 * wins where that version runs.
 *
 * @param name canonical, as `wsrep_node_name`
 */
export function effectiveLines<L extends Line>(lines: readonly L[], name: string): OptionLine<L>[] {
  const last = new Map<string, OptionLine<L>>();
  for (const line of lines) {
    if (!isOptionLine(line) || !means(line.content.name, name)) continue;
    const readership = readershipOf(line.content.group);
    if (readership === "never") continue;
    if (readership === "always") last.clear();
    last.set(line.content.group?.toLowerCase() ?? "", line);
  }
  return [...last.values()];
}

/** Whether every mariadbd reads the line, whatever its version. */
export function isReadAlways(line: OptionLine): boolean {
  return readershipOf(line.content.group) === "always";
}

export function isOptionLine<L extends Line>(line: L): line is OptionLine<L> {
  return line.content.kind === "option";
}

/**
 * mariadbd takes an abbreviation such as `wsrep_node_n` for the one option it fits, and only notes
 * that this is error-prone. One letter of the last word is enough for the options of Galera; what
 * is shorter stops mariadbd as ambiguous.
 */
function means(written: string, name: string): boolean {
  if (written === name) return true;
  const lastWord = name.lastIndexOf("_") + 1;
  return lastWord > 0 && written.length > lastWord && name.startsWith(written);
}
