import { horizonSql, segmentText } from '../../accuracy/scored-rows.ts';
import type { IntervalGroup, IntervalsPlan } from '../../core/accuracy.ts';
import type { Plan } from '../../core/plan.ts';
import { sqlTypeOf } from '../../core/tensor-data.ts';
import { quoteName, quoteText } from '../../core/text/sql.ts';

/** The number of a row in its part: a join may change their order. */
const PLACE = 'serve_batch_place';

/** The rows of a part with the bounds that its plan has for them, in the same order. */
export function withIntervals(select: string, plan: Pick<Plan, 'output' | 'intervals'>): string {
  const { intervals } = plan;
  if (intervals === undefined) return select;
  const type = boundType(plan, intervals);
  if (intervals.groups.length === 0) {
    const none = intervals.columns.flatMap(({ lower, upper }) =>
      [lower, upper].map((name) => `CAST(NULL AS ${type}) AS ${quoteName(name)}`),
    );
    return `SELECT *, ${none.join(', ')} FROM (${select})`;
  }
  const bounds = intervals.columns.flatMap(({ lower, upper }, index) => [
    boundSql(intervals, `low${index}`, lower, type),
    boundSql(intervals, `high${index}`, upper, type),
  ]);
  return `SELECT made.* EXCLUDE (${PLACE}), ${bounds.join(', ')}
    FROM (SELECT *, row_number() OVER () AS ${PLACE} FROM (${select})) AS made ${joins(intervals).join(' ')}
    ORDER BY made.${PLACE}`;
}

/** As the prediction, where that has room for fractions. */
export function boundType({ output }: Pick<Plan, 'output'>, { prediction }: IntervalsPlan): string {
  const binding = output.predictions.find(({ columns }) => columns.includes(prediction));
  const type = binding === undefined ? 'DOUBLE' : sqlTypeOf(binding.elementType);
  return type === 'FLOAT' ? 'FLOAT' : 'DOUBLE';
}

function boundSql(
  { prediction, by, min }: IntervalsPlan,
  name: string,
  column: string,
  type: string,
): string {
  const offset = by.length === 0 ? `wide.${name}` : `coalesce(own.${name}, wide.${name})`;
  const value = `CAST(made.${quoteName(prediction)} AS DOUBLE) + ${offset}`;
  // Where there is no bound, the least one is none either.
  const bounded =
    min === null ? value : `CASE WHEN ${offset} IS NOT NULL THEN greatest(${value}, ${min}) END`;
  return `CAST(${bounded} AS ${type}) AS ${quoteName(column)}`;
}

function joins({ date, origin, by, groups }: IntervalsPlan): readonly string[] {
  const horizon = date === null ? '0' : horizonSql(`CAST(made.${quoteName(date)} AS TIMESTAMP)`, origin);
  const join = (name: string, of: readonly IntervalGroup[], columns: readonly string[]): string => {
    const same = columns.map(
      (each, index) => `${segmentText(`made.${quoteName(each)}`)} = ${name}.by${index}`,
    );
    return `LEFT JOIN ${groupsSql(name, of, columns)} ON ${[`${horizon} = ${name}.h`, ...same].join(' AND ')}`;
  };
  const own = groups.filter(({ segment }) => segment !== null);
  return [
    join(
      'wide',
      groups.filter(({ segment }) => segment === null),
      [],
    ),
    ...(by.length === 0 ? [] : [join('own', own, by)]),
  ];
}

/** Groups as a relation: a list of rows, also where there are none. */
function groupsSql(name: string, groups: readonly IntervalGroup[], by: readonly string[]): string {
  const levels = groups[0]?.bounds.length ?? 0;
  const columns = [
    'h',
    ...by.map((_, index) => `by${index}`),
    ...Array.from({ length: levels }, (_, index) => [`low${index}`, `high${index}`]).flat(),
  ];
  const rows = groups.map(({ horizon, segment, bounds }) => {
    const values = [
      String(horizon ?? 0),
      ...(segment ?? []).map(quoteText),
      ...bounds.flat().map((value) => `${value}::DOUBLE`),
    ];
    return `(${values.join(', ')})`;
  });
  return `(VALUES ${rows.join(', ')}) AS ${name}(${columns.join(', ')})`;
}
