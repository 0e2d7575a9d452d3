import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import type { Line } from "../../src/cnf/option-file.js";

/** What MariaDB itself reads from an option file. Texts are one byte a character. */
export interface Reading {
  readonly isRefused: boolean;
  /** One `--name=value` a line, in the file's order. */
  readonly options: string;
  readonly messages: string;
}

/** Asks my_print_defaults which options mariadbd reads from the file. */
export function mariadbReads(path: string, cwd = "/"): Reading {
  const done = spawnSync("my_print_defaults", [`--defaults-file=${path}`, "--mariadbd"], {
    cwd,
    encoding: "latin1",
  });
  if (done.error !== undefined) throw done.error;
  return { isRefused: done.status !== 0, options: done.stdout, messages: done.stderr };
}

/** The same of a text. */
export function mariadbReadsText(text: string): Reading {
  const path = join(directory, "text.cnf");
  writeFileSync(path, text, "latin1");
  return mariadbReads(path);
}

/** What scanned lines amount to, as my_print_defaults says it. */
export function asPrinted(lines: readonly Line[], isRead: (group: string) => boolean): string {
  return lines
    .flatMap(({ content }) => {
      if (content.kind !== "option" || !isRead(content.group ?? "")) return [];
      return `--${content.spelling}${content.value === undefined ? "" : `=${content.value}`}\n`;
    })
    .join("");
}

const directory = mkdtempSync(join(tmpdir(), "cnf-oracle-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
