/** Of a report, on a screen of either colour and on paper; nothing is loaded. */
export const style = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --card: #ffffff; --ink: #20242b; --soft: #666d78; --line: #e3e1da;
  --read: #2f6db5; --write: #c9770c; --failed: #c8213b; --retried: #e48a97;
  --ready: #7fb79b; --donor: #e3b84f; --primary: #a9cfe6; --apart: #a58bc4; --down: #d9d7d1;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #16191e; --card: #1e2228; --ink: #e6e8eb; --soft: #9aa2ad; --line: #343a43;
    --read: #74aef0; --write: #f0a54a; --failed: #ff6277; --retried: #a8505d;
    --ready: #4d8a6c; --donor: #b68d2c; --primary: #4a7a97; --apart: #7d64a0; --down: #3a3f47;
  }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif }
main { max-width: 1180px; margin: 0 auto; padding: 32px 24px 56px }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 6px; letter-spacing: -.01em }
h2 { font-size: 18px; margin: 0 }
p { margin: 4px 0; max-width: 78ch }
.soft { color: var(--soft) }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 18px 20px; margin-top: 20px; break-inside: avoid }
svg { display: block; width: 100%; height: auto; margin-top: 10px }
svg text { fill: var(--ink); font-size: 12px }
svg .tick, svg .lane { fill: var(--soft); font-size: 11.5px }
svg .end { text-anchor: end } svg .middle { text-anchor: middle }
svg path { fill: none }
.grid { stroke: var(--line); stroke-width: 1 }
.event { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 3 3 }
.badge { fill: var(--ink) } svg text.number { fill: var(--card); font-size: 11px; font-weight: 600 }
.mark { font-weight: 600 }
path.read, path.write { stroke-width: 3.2; stroke-linecap: round; opacity: .62 }
path.read { stroke: var(--read) } path.write { stroke: var(--write) }
path.lost { stroke: var(--failed); stroke-width: 11 }
path.retried { stroke: var(--retried); stroke-width: 7 }
path.reached { stroke: var(--ink); stroke-width: 1.6; opacity: .55 }
.ready { fill: var(--ready) } .donor { fill: var(--donor) } .primary { fill: var(--primary) }
.non-primary { fill: var(--apart) } .down { fill: var(--down) }
.key { display: flex; flex-wrap: wrap; gap: 4px 20px; margin-top: 10px; padding: 0;
  list-style: none; color: var(--soft); font-size: 13px }
.key svg { display: inline-block; width: 22px; height: 12px; margin: 0 6px 0 0; vertical-align: -1px }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; margin-top: 10px; font-variant-numeric: tabular-nums }
th, td { padding: 5px 10px; text-align: right; white-space: nowrap; border-top: 1px solid var(--line) }
thead th { font-weight: 600; color: var(--soft); border-top: 0; font-size: 13px }
th:first-child, td.way, th.way { text-align: left }
tbody th { font-weight: 600; vertical-align: top }
td.bad { color: var(--failed); font-weight: 600 }
ul.errors { margin: 8px 0 0; padding-left: 20px; font-size: 13px; color: var(--soft) }
code { font: 13px ui-monospace, "DejaVu Sans Mono", monospace }
@media print {
  body { background: none; font-size: 11px } main { padding: 0; max-width: none }
  section { border: 0; padding: 8px 0 } th, td { padding: 3px 6px }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact }
}
`;
