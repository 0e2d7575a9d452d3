/* One way's recording as a drawing: failed tries, latencies, and what became of the members. Pure. */
import type { Call, QueryKind, Try } from "../client.js";
import type { Lane } from "../lanes.js";
import type { Mark, Recording } from "../recording.js";
import { shortTime } from "../units.js";
import { escaped } from "./escape.js";
import { latencyTicks, plot, type Scale, timeTicks } from "./scale.js";

const width = 1100;
const failedRows: Readonly<Record<QueryKind, number>> = { read: 44, write: 60 };
const lanesTop = plot.bottom + 38;
const laneStep = 20;
const laneHeight = 13;
/** A call that lasts so long is drawn as the time that it takes, not as a point. */
const longMs = 200;

export function chart(recording: Recording, scale: Scale): string {
  const { calls, lanes, marks, name } = recording;
  const bottom = lanesTop + lanes.length * laneStep;
  const parts = [
    ...latencyTicks(scale).map((ms) => latencyTick(ms, scale)),
    ...timeTicks(scale).map((ms) => timeTick(ms, scale)),
    ...marks.map((mark, index) => markLine(mark, index, bottom, scale)),
    ...(["read", "write"] as const).flatMap((kind) => [
      failedRow(kind, calls, scale),
      latencies(kind, calls, scale),
    ]),
    ...lanes.map((lane, index) => laneRow(lane, lanesTop + index * laneStep, scale)),
  ];
  const label = `${name}: latency of each query, and the state of each member, over time`;
  return `<svg viewBox="0 0 ${width} ${bottom + 6}" role="img" aria-label="${escaped(label)}">
${parts.filter((part) => part !== "").join("\n")}
</svg>`;
}

function latencyTick(ms: number, { y }: Scale): string {
  const at = y(ms);
  const text = ms < 1000 ? `${ms} ms` : `${ms / 1000} s`;
  return `<path class="grid" d="M${plot.left} ${at}H${plot.right}"/><text class="tick end" x="${plot.left - 8}" y="${at + 4}">${text}</text>`;
}

function timeTick(ms: number, { x }: Scale): string {
  return `<path class="grid" d="M${x(ms)} ${plot.bottom}v5"/><text class="tick middle" x="${x(ms)}" y="${plot.bottom + 19}">${ms / 1000} s</text>`;
}

/** Numbered, as in the table; its text to the right of it. */
function markLine({ atMs, what }: Mark, index: number, bottom: number, { x }: Scale): string {
  const at = x(atMs);
  const left = at > width - 200;
  const text = `<text class="mark${left ? " end" : ""}" x="${at + (left ? -14 : 14)}" y="20">${escaped(what)}</text>`;
  return `<path class="event" d="M${at} 26V${bottom}"/><circle class="badge" cx="${at}" cy="16" r="9"/><text class="number middle" x="${at}" y="20">${index + 1}</text>${text}`;
}

/** A failed try from its begin to its end; stronger where the second try failed as well. */
function failedRow(kind: QueryKind, calls: readonly Call[], scale: Scale): string {
  const y = failedRows[kind];
  const failed = calls.filter((call) => call.kind === kind && call.first.error !== undefined);
  const path = (those: readonly Call[], name: string) => {
    const d = those.map(({ atMs, first, again }) => {
      const endMs = atMs + first.ms + (again?.error === undefined ? 0 : again.ms);
      return `M${scale.x(atMs)} ${y}H${Math.max(scale.x(endMs), scale.x(atMs) + 1.5)}`;
    });
    return d.length === 0 ? "" : `<path class="${name}" d="${d.join("")}"/>`;
  };
  const isLost = ({ again }: Call) => again?.error !== undefined;
  return [
    `<text class="lane end" x="${plot.left - 8}" y="${y + 4}">failed ${kind}s</text>`,
    `<path class="grid" d="M${plot.left} ${y}H${plot.right}"/>`,
    path(
      failed.filter((call) => !isLost(call)),
      "retried",
    ),
    path(failed.filter(isLost), "lost"),
  ].join("");
}

/** Of the tries that succeeded. */
function latencies(kind: QueryKind, calls: readonly Call[], { x, y }: Scale): string {
  const d = calls
    .filter((call) => call.kind === kind)
    .flatMap(({ atMs, first, again }) => {
      const second = again === undefined ? [] : [{ atMs: atMs + first.ms, one: again }];
      return [{ atMs, one: first }, ...second];
    })
    .filter(({ one }) => one.error === undefined)
    .map(({ atMs, one }) => `M${x(atMs)} ${y(one.ms)}h${lengthOf(atMs, one, x)}`);
  return d.length === 0 ? "" : `<path class="${kind}" d="${d.join("")}"/>`;
}

function lengthOf(atMs: number, { ms }: Try, x: Scale["x"]): number {
  return ms < longMs ? 0 : Math.round((x(atMs + ms) - x(atMs)) * 10) / 10;
}

function laneRow({ name, spans }: Lane, top: number, { x }: Scale): string {
  const boxes = spans.map(({ fromMs, toMs, state, reached }) => {
    const [from, to] = [x(fromMs), x(toMs)];
    const title = `<title>${state}, ${shortTime(toMs - fromMs)}</title>`;
    const box = `<rect class="${state}" x="${from}" y="${top}" width="${span(from, to)}" height="${laneHeight}">${title}</rect>`;
    const line = `<path class="reached" d="M${from} ${top + laneHeight + 2}H${to}"/>`;
    return reached ? box + line : box;
  });
  return `<text class="lane end" x="${plot.left - 8}" y="${top + 11}">${escaped(name)}</text>${boxes.join("")}`;
}

function span(from: number, to: number): number {
  return Math.round((to - from) * 10) / 10;
}
