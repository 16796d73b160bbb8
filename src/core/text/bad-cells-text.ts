import type { BadCells } from '../table.ts';
import { formatCount } from './amounts.ts';

/** `price: 2 cells without a DOUBLE, null to the features; the first is "n/a" (sales.csv:17)`. */
export function badCellsText(
  { column, type, count, file, line, value }: BadCells,
  showFile: (path: string) => string = (path) => path,
): string {
  const cells = count === 1 ? '1 cell' : `${formatCount(count)} cells`;
  const where = line === null ? showFile(file) : `${showFile(file)}:${line}`;
  return `${column}: ${cells} without a ${type}, null to the features; the first is ${JSON.stringify(value)} (${where})`;
}
