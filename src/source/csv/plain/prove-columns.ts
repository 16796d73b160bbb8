import type { CsvOptions } from '../../formats/input-options.ts';
import { hasFormat } from '../cell-types.ts';
import { isTyped, type StagedColumn } from '../staged-columns.ts';
import { type CsvGroup, isOnlyEmptyNull, placeOf } from '../staging-select.ts';
import { type CellAutomaton, plainCells } from './cell-automaton.ts';
import { proveFile } from './prove-file.ts';

/** What is known of the files before DuckDB reads them. */
export interface Proof {
  /** The columns, those marked whose cells are all plain. */
  readonly columns: readonly StagedColumn[];
  /** Records by file. */
  readonly records: ReadonlyMap<string, number>;
}

/**
 * Looks at every byte of the files for columns in which each cell plainly has the type of the column, as nearly
 * all have. DuckDB may read those as it likes: there is only one value that it can make of them. Null: a file
 * is not written plainly, or nothing can be proved of its types.
 */
export async function proveColumns(
  groups: readonly CsvGroup[],
  columns: readonly StagedColumn[],
  options: CsvOptions,
): Promise<Proof | null> {
  const cells = columns.map((column) => cellsOf(column, options));
  if (cells.every((each) => each === null)) return null;
  const odd = new Set<StagedColumn>();
  const records = new Map<string, number>();
  for (const { dialect, paths } of groups) {
    const order = fieldsOf({ dialect, paths }, columns);
    for (const path of paths) {
      const proof = await proveFile({
        path,
        dialect,
        decimalSeparator: options.decimalSeparator ?? '.',
        cells: order.map((index) => cells[index] ?? null),
      });
      if (proof === null) return null;
      records.set(path, proof.records);
      for (const field of proof.odd) odd.add(columns[order[field] ?? -1] as StagedColumn);
    }
  }
  const isProved = (column: StagedColumn, index: number): boolean =>
    cells[index] !== null && !odd.has(column);
  return {
    columns: columns.map((column, index) =>
      isProved(column, index) ? { ...column, check: 'proved' } : column,
    ),
    records,
  };
}

/** By field of a file: the place of its column. */
function fieldsOf({ dialect }: CsvGroup, columns: readonly StagedColumn[]): readonly number[] {
  const fields = dialect.names.map(() => -1);
  for (const [index, column] of columns.entries()) {
    const field = placeOf(dialect, column);
    if (field !== -1) fields[field] = index;
  }
  return fields;
}

/** The automaton of a column's plain cells; null: none is known, or its cells are looked at in another way, too. */
export function cellsOf(column: StagedColumn, options: CsvOptions): CellAutomaton | null {
  const { type, textColumn } = column;
  const isOpen =
    isTyped(column) && textColumn === null && !hasFormat(type, options) && isOnlyEmptyNull(options);
  return isOpen ? plainCells(type, column.check) : null;
}
