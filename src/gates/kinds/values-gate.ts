import type { GateFinding, GateResult, ValuesGate } from '../../core/gates.ts';
import { formatCount, formatNumber } from '../../core/text/amounts.ts';
import { quoteName, quoteText } from '../../core/text/sql.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { EXAMPLES, figure, finding, judged, percent } from '../findings.ts';
import type { RunTables } from '../run-tables.ts';
import { rowNameSql, segmentName, segmentSql } from '../segments.ts';

/** What the values of one column are, in the whole run or in one segment. */
export interface ValueFacts {
  readonly segment: string | null;
  readonly column: string;
  readonly rows: number;
  /** Null, NaN or infinite. */
  readonly unusable: number;
  readonly below: number;
  readonly above: number;
  /** Of the usable ones; null: there are none. */
  readonly least: number | null;
  readonly greatest: number | null;
}

export async function checkValues(
  database: Database,
  gate: ValuesGate,
  run: RunTables,
  columns: readonly string[],
  keyColumns: readonly string[],
): Promise<GateResult> {
  const facts: ValueFacts[] = [];
  for (const column of columns) facts.push(...(await readFacts(database, gate, run, column)));
  const findings = judgeValues(gate, facts);
  const shown = await withExamples(database, gate, run, findings, keyColumns);
  return judged(gate, shown, columns.join(', '));
}

/**
 * The whole run first, then its segments. Mostly all is well, which counts and extremes show: only where it is
 * not, bad values are counted, which takes twice as long.
 */
async function readFacts(
  database: Database,
  gate: ValuesGate,
  run: RunTables,
  column: string,
): Promise<readonly ValueFacts[]> {
  const quick = await readSegments(database, gate, run, column, QUICK);
  const isWell = quick.every(
    ({ unusable, least, greatest }) =>
      unusable === 0 &&
      Number.isFinite(least) &&
      Number.isFinite(greatest) &&
      (least ?? 0) >= (gate.min ?? Number.NEGATIVE_INFINITY) &&
      (greatest ?? 0) <= (gate.max ?? Number.POSITIVE_INFINITY),
  );
  const segments = isWell ? quick : await readSegments(database, gate, run, column, countedSql(gate));
  return gate.by.length === 0 ? segments : [wholeOf(column, segments), ...segments];
}

/** NaN is the greatest value, so that it shows, too. */
const QUICK = 'count(*) - count(v) AS unusable, 0 AS below, 0 AS above, min(v) AS least, max(v) AS greatest';

const countedSql = (gate: ValuesGate): string =>
  `count(*) FILTER (NOT usable) AS unusable, count(*) FILTER (usable AND ${below(gate)}) AS below,
   count(*) FILTER (usable AND ${above(gate)}) AS above, min(v) FILTER (usable) AS least, max(v) FILTER (usable) AS greatest`;

async function readSegments(
  database: Database,
  { by }: ValuesGate,
  run: RunTables,
  column: string,
  measures: string,
): Promise<readonly ValueFacts[]> {
  // Grouped by the values of the columns, whose text is made once a segment.
  const grouped = by.length === 0 ? '' : `${by.map(quoteName).join(', ')}, `;
  const rows = await database.rows(
    `SELECT ${segmentSql(by)} AS segment, * FROM (
       SELECT ${grouped}count(*) AS n, ${measures} FROM (${valuesSql(by, run, column)}) GROUP BY ALL) ORDER BY segment`,
  );
  return rows.map((row) => ({
    segment: segmentName(row.segment),
    ...{ column, rows: Number(row.n), unusable: Number(row.unusable) },
    ...{ below: Number(row.below), above: Number(row.above) },
    least: row.least === null ? null : Number(row.least),
    greatest: row.greatest === null ? null : Number(row.greatest),
  }));
}

function wholeOf(column: string, segments: readonly ValueFacts[]): ValueFacts {
  const sum = (of: 'rows' | 'unusable' | 'below' | 'above') =>
    segments.reduce((total, each) => total + each[of], 0);
  const known = (of: 'least' | 'greatest') =>
    segments.map((each) => each[of]).filter((each) => each !== null);
  const [least, greatest] = [known('least'), known('greatest')];
  return {
    ...{ segment: null, column, rows: sum('rows'), unusable: sum('unusable') },
    ...{ below: sum('below'), above: sum('above') },
    least: least.length === 0 ? null : least.reduce((a, b) => Math.min(a, b)),
    greatest: greatest.length === 0 ? null : greatest.reduce((a, b) => Math.max(a, b)),
  };
}

const below = ({ min }: Pick<ValuesGate, 'min'>) => (min === null ? 'false' : `v < ${min}`);
const above = ({ max }: Pick<ValuesGate, 'max'>) => (max === null ? 'false' : `v > ${max}`);

/** What is wrong with a value, and the condition, over `v` and `usable`, that its rows meet. */
interface ValueProblem extends GateFinding {
  readonly rowsSql: string;
}

export function judgeValues(
  gate: Pick<ValuesGate, 'min' | 'max' | 'nulls' | 'constant'>,
  facts: readonly ValueFacts[],
): readonly ValueProblem[] {
  return facts.flatMap(({ segment, column, rows, unusable, least, greatest, ...counts }) => {
    const found: ValueProblem[] = [];
    const add = (text: string, rowsSql: string) =>
      found.push({ ...finding(text, { segment, column }), rowsSql });
    if (rows > 0 && unusable / rows > gate.nulls)
      add(
        `${formatCount(unusable)} of ${formatCount(rows)} values are null, NaN or infinite (${percent(unusable / rows)}), at most ${percent(gate.nulls)}`,
        'NOT usable',
      );
    if (counts.below > 0)
      add(
        `${formatNumber(counts.below, 'value')} below ${gate.min}, the least is ${figure(least ?? 0)}`,
        `usable AND ${below(gate)}`,
      );
    if (counts.above > 0)
      add(
        `${formatNumber(counts.above, 'value')} above ${gate.max}, the greatest is ${figure(greatest ?? 0)}`,
        `usable AND ${above(gate)}`,
      );
    if (!gate.constant && rows - unusable > 1 && least === greatest)
      add(`all ${formatCount(rows - unusable)} values are ${figure(least ?? 0)}`, 'usable');
    return found;
  });
}

/** The findings, the first of them with rows that show it, by their key. */
async function withExamples(
  database: Database,
  gate: ValuesGate,
  run: RunTables,
  problems: readonly ValueProblem[],
  keyColumns: readonly string[],
): Promise<readonly GateFinding[]> {
  const shown: GateFinding[] = [];
  for (const { rowsSql, ...each } of problems) {
    if (shown.length >= EXAMPLES || keyColumns.length === 0) {
      shown.push(each);
      continue;
    }
    const segment = each.segment === null ? 'true' : `s = ${quoteText(each.segment)}`;
    const rows = await database.rows(
      `SELECT r || ' is ' || coalesce(CAST(v AS VARCHAR), 'null') AS example
       FROM (SELECT ${rowNameSql(keyColumns)} AS r, ${segmentSql(gate.by)} AS s, *
         FROM (${valuesSql(gate.by, run, each.column ?? '', keyColumns)}))
       WHERE ${segment} AND ${rowsSql} LIMIT ${EXAMPLES}`,
    );
    shown.push({ ...each, examples: rows.map(({ example }) => String(example)) });
  }
  return shown;
}

/** The rows of the parts with their value `v`, and whether it is `usable`. */
function valuesSql(
  by: readonly string[],
  { parts }: RunTables,
  column: string,
  more: readonly string[] = [],
): string {
  const value = quoteName(column);
  const names = [...new Set([...by, ...more])].map(quoteName);
  const type = parts.columns.find(({ name }) => name === column)?.type;
  const usable =
    type === 'FLOAT' || type === 'DOUBLE' ? `coalesce(isfinite(${value}), false)` : `${value} IS NOT NULL`;
  return `SELECT ${[...names, `${value} AS v`, `${usable} AS usable`].join(', ')} FROM ${parts.from}`;
}
