import type { GateFinding, GateResult, RowsGate } from '../../core/gates.ts';
import { formatCount, formatNumber } from '../../core/text/amounts.ts';
import { quoteName } from '../../core/text/sql.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { finding, judged, notCompared, percent } from '../findings.ts';
import { has, type RunTables } from '../run-tables.ts';
import { segmentName, segmentSql } from '../segments.ts';

export interface SegmentRows {
  /** Null: the whole run. */
  readonly segment: string | null;
  readonly now: number;
  readonly before: number;
}

export async function checkRows(
  database: Database,
  gate: RowsGate,
  run: RunTables,
  before: RunTables,
): Promise<GateResult> {
  const unknown = gate.by.find((name) => !has(before.parts, name));
  if (unknown !== undefined) return notCompared(gate, `${before.title} has no column ${unknown}`);
  const counts = await countRows(database, gate.by, run, before);
  return judged(gate, judgeRows(gate, counts), `compared with ${before.title}`);
}

async function countRows(
  database: Database,
  by: readonly string[],
  run: RunTables,
  before: RunTables,
): Promise<readonly SegmentRows[]> {
  // Grouped by the values, and only then by their text.
  const grouped = by.length === 0 ? '' : `${by.map(quoteName).join(', ')}, `;
  const count = (from: string) =>
    `(SELECT ${segmentSql(by)} AS s, sum(n) AS n FROM (SELECT ${grouped}count(*) AS n FROM ${from} GROUP BY ALL) GROUP BY 1)`;
  const rows = await database.rows(
    `SELECT coalesce(a.s, b.s) AS segment, coalesce(a.n, 0) AS now, coalesce(b.n, 0) AS before
     FROM ${count(run.parts.from)} a FULL JOIN ${count(before.parts.from)} b ON a.s = b.s ORDER BY 1`,
  );
  const segments = rows.map((row) => ({
    segment: segmentName(row.segment),
    now: Number(row.now),
    before: Number(row.before),
  }));
  const sum = (of: 'now' | 'before') => segments.reduce((total, each) => total + each[of], 0);
  const whole = { segment: null, now: sum('now'), before: sum('before') };
  return by.length === 0 ? [whole] : [whole, ...segments];
}

/** A segment that is new fails nothing: the whole run says whether there are too many rows. */
export function judgeRows(
  { change }: Pick<RowsGate, 'change'>,
  counts: readonly SegmentRows[],
): readonly GateFinding[] {
  return counts
    .filter(({ before }) => before > 0)
    .flatMap(({ segment, now, before }) => {
      if (now === 0) return [finding(`lost: ${formatNumber(before, 'row')} before, none now`, { segment })];
      const changed = Math.abs(now - before) / before;
      if (changed <= change) return [];
      const text = `${formatCount(now)} rows, ${formatCount(before)} before: ${percent(changed)} ${now > before ? 'more' : 'fewer'}, at most ${percent(change)}`;
      return [finding(text, { segment })];
    });
}
