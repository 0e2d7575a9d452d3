/* The report of an experiment: one page that needs nothing else, its charts drawn in it. Pure. */
import { errorsOf, type Figures, figuresOf } from "../figures.js";
import type { Recording } from "../recording.js";
import { proofText, shortTime } from "../units.js";
import { chart } from "./chart.js";
import { escaped } from "./escape.js";
import { type Scale, scaleOf } from "./scale.js";
import { style } from "./style.js";

export interface ReportOptions {
  /** When it was made, for people. */
  readonly date: string;
  /** What was left out, and the like. */
  readonly notes: readonly string[];
}

export function report(recordings: readonly Recording[], { date, notes }: ReportOptions): string {
  const scale = scaleOf(recordings);
  const paragraphs = [
    "Three members, and two clients that go on all the while: one reads, one writes, each every " +
      "100 ms and on a new connection each time. A query that fails is tried once more, at once.",
    ...notes,
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Can the database be used while members go and come back?</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>Can the database be used while members go and come back?</h1>
${paragraphs.map((text) => `<p>${escaped(text)}</p>`).join("\n")}
<p class="soft">galera-peers lab experiment availability, ${escaped(date)}</p>
${figuresSection(recordings)}
${recordings.map((recording) => chartSection(recording, scale)).join("\n")}
</main>
</body>
</html>
`;
}

function chartSection(recording: Recording, scale: Scale): string {
  const { name, about, calls, proof } = recording;
  const errors = errorsOf(calls)
    .slice(0, 6)
    .map(([text, count]) => `<li>${count} × <code>${escaped(text)}</code></li>`);
  const told = errors.length === 0 ? "" : `<ul class="errors">${errors.join("")}</ul>`;
  return `<section>
<h2>${escaped(name)}</h2>
<p class="soft">${escaped(about)}</p>
${chart(recording, scale)}
${key}
<p>${escaped(proofText(proof.acknowledged, proof.members))}.</p>
${told}
</section>`;
}

const line = (name: string) => `<svg viewBox="0 0 22 12"><path class="${name}" d="M3 6H19"/></svg>`;
const box = (name: string) =>
  `<svg viewBox="0 0 22 12"><rect class="${name}" y="1" width="22" height="10"/></svg>`;

const key = `<ul class="key">
<li>${line("read")}a read</li>
<li>${line("write")}a write; a line lasts as long as the query</li>
<li>${line("retried")}failed, not so the second try</li>
<li>${line("lost")}failed twice</li>
<li>${box("ready")}ready</li>
<li>${box("donor")}donor</li>
<li>${box("primary")}primary, not ready</li>
<li>${box("non-primary")}non-primary</li>
<li>${box("down")}no server answers</li>
<li>${line("reached")}clients are led to it</li>
</ul>`;

function figuresSection(recordings: readonly Recording[]): string {
  const ways = recordings.map((one) => ({ name: one.name, figures: figuresOf(one) }));
  const titles = ways[0]?.figures.map(({ what }) => what) ?? [];
  const rows = titles.flatMap((title, index) =>
    ways.map(({ name, figures }, number) => {
      const head =
        number === 0 ? `<th scope="rowgroup" rowspan="${ways.length}">${escaped(title)}</th>` : "";
      return `<tr>${head}<td class="way">${escaped(name)}</td>${cells(figures[index])}</tr>`;
    }),
  );
  return `<section>
<h2>Figures</h2>
<div class="scroll"><table>
<thead>
<tr><th></th><th></th><th colspan="2">longest stall</th><th colspan="2">answered</th><th colspan="2">first try failed</th><th colspan="2">second one too</th><th>all ready</th></tr>
<tr><th>since</th><th class="way"></th><th>reads</th><th>writes</th><th>reads</th><th>writes</th><th>reads</th><th>writes</th><th>reads</th><th>writes</th><th>again after</th></tr>
</thead>
<tbody>
${rows.join("\n")}
</tbody>
</table></div>
<p class="soft">A stall is a time without any query that succeeded, retries counted; with a query every 100 ms it is never much less than that.</p>
</section>`;
}

function cells(figures: Figures | undefined): string {
  if (figures === undefined) return "";
  const { read, write, backMs } = figures;
  const count = (value: number, isBad: boolean) =>
    `<td${isBad && value > 0 ? ' class="bad"' : ""}>${value}</td>`;
  const back = backMs === undefined ? "not yet" : backMs === 0 ? "–" : shortTime(backMs);
  return [
    ...[read, write].map(({ stallMs }) => `<td>${shortTime(stallMs)}</td>`),
    ...[read, write].map(({ answered }) => count(answered, false)),
    ...[read, write].map(({ failed }) => count(failed, false)),
    ...[read, write].map(({ failedAgain }) => count(failedAgain, true)),
    `<td>${back}</td>`,
  ].join("");
}
