/** How a cell is painted: its text, and where it stands; the first row is the head. */
export type PaintCell = (text: string, row: number, column: number) => string;

/**
 * Rows as lines, their columns aligned and two spaces apart.
 *
 * @param paint adds what has no width, such as colour
 */
export function formatTable(
  rows: readonly (readonly string[])[],
  paint: PaintCell = (text) => text,
): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, { length }] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, length);
    }
  }
  return rows.map((row, index) =>
    row
      .map((text, column) => {
        const padding = " ".repeat((widths[column] ?? 0) - text.length);
        return (text === "" ? "" : paint(text, index, column)) + padding;
      })
      .join("  ")
      .trimEnd(),
  );
}
