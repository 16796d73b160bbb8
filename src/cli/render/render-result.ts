import type { ResultRows } from '../../history/result-rows.ts';

/** Characters of a cell; texts can be longer than a terminal is wide. */
const WIDEST_CELL = 80;

/** The first `most` rows of a result as a table, and whether there are more. Numbers stand to the right. */
export async function renderRows(
  { columns, chunks }: ResultRows,
  most: number,
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
  const widths = header.map((name, index) =>
    Math.max(name.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((text, index) =>
        columns[index]?.kind === 'number'
          ? text.padStart(widths[index] ?? 0)
          : text.padEnd(widths[index] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return { text: [header, ...rows].map((cells) => `${line(cells)}\n`).join(''), isAll };
}

/** One line, whatever is in it. */
function cell(value: string | null): string {
  const text = (value ?? '').replace(/[\n\r\t]/g, ' ');
  return text.length > WIDEST_CELL ? `${text.slice(0, WIDEST_CELL - 1)}…` : text;
}
