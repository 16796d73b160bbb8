import { formatTable } from './format.ts';

export interface FittingTable {
  readonly text: string;
  /** Columns that did not fit. */
  readonly leftOut: readonly string[];
}

/**
 * A table that is no wider than the window, as far as leaving columns out can help.
 * @param width undefined: nobody looks at a window, and all columns are shown
 * @param expendable names of columns, the first to be left out first
 */
export function fitTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  width: number | undefined,
  expendable: readonly string[],
): FittingTable {
  const leftOut: string[] = [];
  let text = formatTable(header, rows);
  for (const name of expendable.filter((each) => header.includes(each))) {
    if (width === undefined || widthOf(text) <= width) break;
    leftOut.push(name);
    const isShown = (_: string, column: number): boolean => !leftOut.includes(header[column] ?? '');
    text = formatTable(
      header.filter(isShown),
      rows.map((cells) => cells.filter(isShown)),
    );
  }
  return { text, leftOut };
}

function widthOf(table: string): number {
  return Math.max(...table.split('\n').map((line) => line.length));
}
