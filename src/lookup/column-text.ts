import { ServeBatchError } from '../core/errors.ts';

/** A value of a key column, as a caller gives it. */
export type ColumnValue = string | number | bigint | Date;
export type Columns = Readonly<Record<string, ColumnValue>>;

const MIDNIGHT = 'T00:00:00.000Z';

/**
 * The text that a value has in keys and fields. A `Date` at midnight UTC is a day, `2026-11-21`; any
 * other a timestamp in UTC whose fraction has no zeros at its end, `2026-11-21T05:00:00.25`. Throws
 * `USAGE` for an invalid `Date`.
 */
export function columnText(column: string, value: ColumnValue): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object') return String(value);
  if (Number.isNaN(value.getTime()))
    throw new ServeBatchError(
      'USAGE',
      `The column "${column}" was given an invalid Date. Give a day such as 2026-11-21 as text, or a valid Date.`,
      { fields: { column } },
    );
  const text = value.toISOString();
  if (text.endsWith(MIDNIGHT)) return text.slice(0, -MIDNIGHT.length);
  return text.slice(0, -'Z'.length).replace(/\.000$|(?<=\.\d*[1-9])0+$/, '');
}

const TIMESTAMP = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(\.\d+)? ?(Z|[+-]\d\d(?::?\d\d)?)?$/i;

/** The text that a timestamp has in keys, but for the Z of a column with a time zone; null: it is none. */
export function timestampText(written: string): string | null {
  const [, day, time = '', fraction = '', zone = 'Z'] = TIMESTAMP.exec(written) ?? [];
  if (day === undefined) return null;
  const second = new Date(
    `${day}T${time}${zone.toUpperCase().replace(/^([+-]\d\d):?(\d\d)?$/, (_, hours, minutes = '00') => `${hours}:${minutes}`)}`,
  );
  if (Number.isNaN(second.getTime())) return null;
  return `${second.toISOString().slice(0, 'YYYY-MM-DDTHH:MM:SS'.length)}${fraction.replace(/\.?0+$/, '')}`;
}
