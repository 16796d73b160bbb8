import { ServeBatchError } from '../../core/errors.ts';
import type { GridDimension } from '../../core/table.ts';
import { localDate, localText, parseLocal } from '../../core/zoned-time.ts';
import type { RangeDimension } from './grid-spec.ts';

const HOUR_SECONDS = 3600;
const DAY_SECONDS = 86_400;

/**
 * The values of a range: BIGINT of whole numbers; DATE where no step is given, or one of whole days from
 * midnight; otherwise TIMESTAMP. Throws `INPUT_GRID` for what is no range.
 */
export function rangeDimension(range: RangeDimension): GridDimension {
  return typeof range.from === 'number' || /^-?\d+$/.test(range.from) ? numbers(range) : times(range);
}

function numbers(range: RangeDimension): GridDimension {
  const { name, from, to, step } = range;
  const [first, last, distance] = [Number(from), Number(to), step ?? 1];
  if (to === null || !Number.isSafeInteger(last))
    throw rangeError(range, 'whole numbers from and to. Write for example {from: 0, to: 23}');
  return {
    name,
    type: 'BIGINT',
    size: sizeOf(range, first, last, distance),
    source: { kind: 'range', from: String(first), step: distance },
  };
}

function times(range: RangeDimension): GridDimension {
  const { name, days, hours, step } = range;
  const isTimes = step !== null || hours !== null;
  const distance = step ?? (hours === null ? DAY_SECONDS : HOUR_SECONDS);
  const written = secondsOf(range, range.from);
  const isDate = distance % DAY_SECONDS === 0 && (!isTimes || written % DAY_SECONDS === 0);
  const first = isDate ? written - (written % DAY_SECONDS) : written;
  const span = days === null ? (hours ?? 0) * HOUR_SECONDS : days * DAY_SECONDS;
  const last = range.to === null ? first + span - 1 : secondsOf(range, range.to);
  return {
    name,
    type: isDate ? 'DATE' : 'TIMESTAMP',
    size: sizeOf(range, first, last, distance),
    source: {
      kind: 'range',
      from: isDate ? localDate(first * 1000) : localText(first * 1000),
      step: isDate ? distance / DAY_SECONDS : distance,
    },
  };
}

function sizeOf(range: RangeDimension, first: number, last: number, step: number): number {
  if (last >= first) return Math.floor((last - first) / step) + 1;
  throw rangeError(range, `"to" at or after "from"; it is ${String(range.to)}`);
}

function secondsOf(range: RangeDimension, point: string | number): number {
  const local = typeof point === 'number' ? undefined : parseLocal(point);
  if (local !== undefined) return local / 1000;
  throw rangeError(
    range,
    `dates or times such as 2026-11-21 or 2026-11-21T06:00; one of them is ${String(point)}`,
  );
}

function rangeError({ name, from }: RangeDimension, expected: string): ServeBatchError {
  return new ServeBatchError(
    'INPUT_GRID',
    `input.grid.${name} begins with ${String(from)}; expected ${expected}.`,
    { fields: { dimension: name } },
  );
}
