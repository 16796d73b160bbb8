import { ServeBatchError } from '../../core/errors.ts';
import { type Column, isNumberType } from '../../core/table.ts';
import { quoteName } from '../../core/text/sql.ts';
import { expectedOf, typedSql } from './cell-text.ts';

const WHOLE = /^U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?$/;

/** SQL of a cell as it was posted, and as its column has it. */
export interface CellSql {
  readonly text: string;
  readonly typed: string;
}

/** The cells of a posted table: of one with types no text becomes a number, and no number changes. Throws `USAGE`. */
export function cellsOfTable(
  wanted: readonly Column[],
  found: readonly Column[],
  hasTypes: boolean,
): readonly CellSql[] {
  return wanted.map((column) => {
    const own = found.find(({ name }) => name.toLowerCase() === column.name.toLowerCase());
    const text = quoteName(own?.name ?? column.name);
    if (!hasTypes) return { text, typed: typedSql(text, column.type) };
    const typed = castOf(text, own?.type ?? 'VARCHAR', column.type);
    if (typed !== null) return { text, typed };
    throw new ServeBatchError(
      'USAGE',
      `The column "${column.name}" is ${own?.type}; expected ${expectedOf(column.type) ?? column.type}.`,
      { fields: { column: column.name } },
    );
  });
}

/** SQL that is null for a value that the other type does not hold; null: no value would fit. */
function castOf(name: string, from: string, to: string): string | null {
  const cast = `TRY_CAST(${name} AS ${to})`;
  if (from === to) return name;
  if (isNumberType(from) && isNumberType(to)) {
    if (!WHOLE.test(to) || WHOLE.test(from)) return cast;
    return `CASE WHEN ${name} = trunc(${name}) THEN ${cast} END`;
  }
  const isText = from === 'VARCHAR' || from.startsWith('ENUM');
  if (isText) return isNumberType(to) || to === 'BOOLEAN' ? null : typedSql(`CAST(${name} AS VARCHAR)`, to);
  if (from.startsWith('TIMESTAMP') && to === 'DATE')
    return `CASE WHEN CAST(${name} AS TIMESTAMP) = CAST(CAST(${name} AS DATE) AS TIMESTAMP) THEN ${cast} END`;
  const isTime = (type: string): boolean => type === 'DATE' || type.startsWith('TIMESTAMP');
  return isTime(from) && isTime(to) ? cast : null;
}
