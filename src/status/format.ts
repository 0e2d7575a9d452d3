/*
 * The overview as text: a verdict, the members in a table, and below it what is to be said of them.
 * Pure.
 */
import { shortPosition } from "../bootstrap/words.js";
import { formatTable } from "../system/table.js";
import { noteOf } from "./notes.js";
import type { MemberOverview, Overview } from "./overview.js";
import { stateWord } from "./verdict.js";

/** What a text is to look like. */
export type Look = "head" | "good" | "impaired" | "bad" | "quiet";

/** Gives a text its look; where there is no colour, the text as it is. */
export type Paint = (look: Look, text: string) => string;

/** What a text is laid out for. */
export interface Page {
  readonly paint: Paint;
  /** Where lines of words are broken; undefined: nowhere. */
  readonly columns: number | undefined;
}

/** The lines of `galera-peers status`. */
export function formatOverview(overview: Overview, { paint, columns }: Page): string[] {
  const { uuid, epoch, verdict, members } = overview;
  const lines = (text: string, indent = 2) => wrap(printable(text), columns, indent);
  const summary = [
    ...lines(headLine(overview)).map((line) => paint("head", line)),
    ...(uuid === null ? [] : lines(`cluster ${uuid}, epoch ${epoch}`)),
    ...lines(verdict.text).map((line) => paint(verdict.health, line)),
  ];
  if (members.length === 0) return summary;
  const rows = [titles, ...members.map((member) => cells(member).map(({ text }) => text))];
  const looks = members.map((member) => cells(member).map(({ look }) => look));
  const table = formatTable(rows, (text, row, column) => {
    const look = row === 0 ? "head" : looks[row - 1]?.[column];
    return look === undefined ? text : paint(look, text);
  });
  const width = Math.max(...members.map(({ name }) => name.length)) + 1;
  const notes = members.flatMap((member) => {
    const note = noteOf(member);
    return note === undefined ? [] : lines(`${member.name.padEnd(width)}${note}`, width);
  });
  return [...summary, "", ...table, ...(notes.length === 0 ? [] : ["", ...notes])];
}

function headLine({ service, answering, members }: Overview): string {
  return `${service}: ${answering} of ${members.length} agents answer`;
}

const titles = ["MEMBER", "READY", "PHASE", "PRIMARY", "VIEW", "POSITION", "PAUSED", "ADDRESS"];

interface Cell {
  readonly text: string;
  readonly look?: Look;
}

const none: Cell = { text: "-", look: "quiet" };

function cells(member: MemberOverview): readonly Cell[] {
  const { name, readiness, primary, view, flowControl } = member;
  const share = flowControl?.paused ?? undefined;
  return [
    { text: name },
    readiness === null ? none : yesNo(readiness.ok),
    phaseCell(member),
    primary === null ? none : yesNo(primary),
    view === null ? none : { text: `${view.number} (${view.members.length})` },
    positionCell(member),
    share === undefined
      ? none
      : { text: `${Math.round(share * 100)}%`, ...(share >= 0.1 && { look: "impaired" }) },
    addressCell(member),
  ];
}

function yesNo(isSo: boolean): Cell {
  return isSo ? { text: "yes", look: "good" } : { text: "no", look: "bad" };
}

function phaseCell(member: MemberOverview): Cell {
  const text = stateWord(member);
  if (member.agent !== "answers") return { text, look: "bad" };
  return { text, look: text === "synced" ? "good" : "impaired" };
}

/** Where its data stand, or what its datadir holds instead. */
function positionCell({ phase, position, datadir }: MemberOverview): Cell {
  if (position !== null) {
    return { text: `${shortPosition(position)}${position.certain ? "" : "?"}` };
  }
  return datadir === null || phase === "running" ? none : { text: datadir };
}

/** The first address stands for all. */
function addressCell({ named, addresses }: MemberOverview): Cell {
  if (named === false) return { text: "not in DNS", look: "bad" };
  const [address] = addresses;
  return address === undefined ? none : { text: address };
}

/** What a terminal could take for more than text, as escapes: the wording is others'. */
function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (one) => `\\u{${one.codePointAt(0)?.toString(16)}}`);
}

/** Words in lines of at most so many columns, all but the first of them indented. */
export function wrap(text: string, columns = Number.POSITIVE_INFINITY, indent = 0): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/(?<=\S) /)) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (longer.length <= columns || line === "") {
      line = longer;
      continue;
    }
    lines.push(line);
    line = " ".repeat(indent) + word.trimStart();
  }
  return [...lines, line];
}
