import type { ResultRows } from '../../history/result-rows.ts';

/** Characters of a cell; texts can be longer than a terminal is wide. */
const WIDEST_CELL = 80;

/** A text is not cut shorter than this to fit the window. */
const NARROWEST_CELL = 8;

/**
 * The first `most` rows of a result as a table, and whether there are more. Numbers stand to the right, and are
 * never cut; texts are, where the table would be wider than the window.
 */
export async function renderRows(
  { columns, chunks }: ResultRows,
  most: number,
  width = Number.POSITIVE_INFINITY,
): Promise<{ readonly text: string; readonly isAll: boolean }> {
  const rows: (readonly string[])[] = [];
  let isAll = true;
  for await (const chunk of chunks) {
    const room = most - rows.length;
    rows.push(...chunk.slice(0, room).map((row) => row.map(cell)));
    isAll = chunk.length <= room;
    if (!isAll) break;
  }
  const header = columns.map(({ name }) => name);
  const natural = header.map((name, index) =>
    Math.max(name.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const widths = fitted(natural, ({ column }) => columns[column]?.kind !== 'number', width);
  const line = (cells: readonly string[]): string =>
    cells
      .map((text, index) => {
        const room = widths[index] ?? 0;
        return columns[index]?.kind === 'number' ? text.padStart(room) : cut(text, room).padEnd(room);
      })
      .join('  ')
      .trimEnd();
  return { text: [header, ...rows].map((cells) => `${line(cells)}\n`).join(''), isAll };
}

/** The widths of columns in a window: the widest that may be cut is cut first. */
function fitted(
  natural: readonly number[],
  mayBeCut: (of: { readonly column: number }) => boolean,
  window: number,
): readonly number[] {
  const widths = [...natural];
  const total = (): number => widths.reduce((sum, each) => sum + each + 2, -2);
  while (total() > window) {
    const [widest] = widths
      .map((width, column) => ({ width, column }))
      .filter((each) => each.width > NARROWEST_CELL && mayBeCut(each))
      .sort((a, b) => b.width - a.width);
    if (widest === undefined) break;
    widths[widest.column] = widest.width - 1;
  }
  return widths;
}

/** One line, whatever is in it. */
function cell(value: string | null): string {
  return cut((value ?? '').replace(/[\n\r\t]/g, ' '), WIDEST_CELL);
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}
