/** Amounts are written alike on the command line and in reports. */
export { formatBytes, formatCount, formatNumber, formatSeconds } from '../../core/text/amounts.ts';

export type Pair = readonly [label: string, text: string];

/** Rows of a label and a text, the labels padded to one width. */
export function formatPairs(pairs: readonly Pair[]): string {
  const width = Math.max(...pairs.map(([label]) => label.length));
  return pairs.map(([label, text]) => `  ${label.padEnd(width)}  ${text}\n`).join('');
}

/** `2026-11-21T00:00Z`: without seconds where there are none. */
export function shortTime(iso: string | null): string {
  return iso === null ? '' : iso.replace(/(:00)?\.\d+Z$/, 'Z');
}

/** A table with a header; columns of numbers to the right. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const numeric = header.map((_, column) =>
    rows.every((row) => /^[\d,.%+-]*( (of [\d,]+|\w+))?$/.test(row[column] ?? '')),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        numeric[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [header, ...rows].map((cells) => `${line(cells)}\n`).join('');
}
