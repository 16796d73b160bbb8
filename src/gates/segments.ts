import { quoteName, quoteText } from '../core/text/sql.ts';

/** SQL of the name of a row's segment: `store=7 region=west`. */
export function segmentSql(by: readonly string[]): string {
  if (by.length === 0) return "''";
  return by
    .map((name, index) => `${quoteText(`${index === 0 ? '' : ' '}${name}=`)} || ${textSql(name)}`)
    .join(' || ');
}

/** SQL of how a message names a row: `store=7 product=2 date=2026-11-21`. */
export function rowNameSql(columns: readonly string[]): string {
  return segmentSql(columns);
}

function textSql(name: string): string {
  return `coalesce(CAST(${quoteName(name)} AS VARCHAR), 'null')`;
}

/** The name of a segment, as results have it; null: the whole run. */
export function segmentName(text: unknown): string | null {
  return text === '' || text === null || text === undefined ? null : String(text);
}
