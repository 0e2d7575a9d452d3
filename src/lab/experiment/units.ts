/* Times and counts for people. Pure. */

/** `  12.3 s` */
export function since(ms: number): string {
  return `${(ms / 1000).toFixed(1).padStart(6)} s`;
}

/** Three figures at most: `8 ms`, `1.24 s`, `12.4 s`; nothing for what is not known. */
export function shortTime(ms: number | undefined): string {
  if (ms === undefined) return "–";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return `${(ms / 1000).toFixed(ms < 9995 ? 2 : 1)} s`;
}

/** `all rows on each member`, or who lacks how many. */
export function proofText(
  acknowledged: number,
  members: readonly { readonly name: string; readonly missing: number | undefined }[],
): string {
  const wanting = members.filter(({ missing }) => missing !== 0);
  const wrote = `${acknowledged} writes were acknowledged; at the end`;
  if (wanting.length === 0) return `${wrote} each member has all of them`;
  const parts = wanting.map(({ name, missing }) =>
    missing === undefined ? `${name} does not answer` : `${name} lacks ${missing} of them`,
  );
  return `${wrote} ${parts.join(", ")}`;
}
