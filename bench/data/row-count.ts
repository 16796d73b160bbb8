export const MAX_ROWS = 70_000_000;
const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1_000, m: 1_000_000 };

/** `700k`, `7M` or `7000` as a number of rows. Throws a `RangeError` for anything else, and beyond 70 M. */
export function parseRowCount(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)([kKmM]?)$/.exec(text.trim()) ?? [];
  const rows = digits === '' ? Number.NaN : Number(digits) * (UNITS[unit.toLowerCase()] ?? Number.NaN);
  if (Number.isInteger(rows) && rows >= 1 && rows <= MAX_ROWS) return rows;
  throw new RangeError(`"${text}" is no number of rows. Write for example 700k or 7M, and at most 70M.`);
}

/** `7M`, `700k`, `1234`: as short as it can be said exactly. */
export function rowCountText(rows: number): string {
  if (rows % 100_000 === 0 && rows >= 1_000_000) return `${rows / 1_000_000}M`;
  if (rows % 100 === 0 && rows >= 1_000) return `${rows / 1_000}k`;
  return String(rows);
}
