import type { ChangedGate, GateFinding, GateResult } from '../../core/gates.ts';
import { formatCount } from '../../core/text/amounts.ts';
import { quoteName } from '../../core/text/sql.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { EXAMPLES, finding, judged, notCompared, percent } from '../findings.ts';
import { type GateTable, has, type RunTables } from '../run-tables.ts';
import { rowNameSql } from '../segments.ts';

export interface KeyChange {
  readonly column: string;
  /** Keys that both have. */
  readonly keys: number;
  readonly changed: number;
  readonly examples: readonly string[];
}

export async function checkChanged(
  database: Database,
  gate: ChangedGate,
  run: RunTables,
  before: RunTables,
  { columns, key }: { readonly columns: readonly string[]; readonly key: readonly string[] },
): Promise<GateResult> {
  const changes: KeyChange[] = [];
  for (const column of columns) {
    const pair = tablesOf(run, before, [column, ...key]);
    if (pair === null) return notCompared(gate, `${before.title} has no ${column} by ${key.join(', ')}`);
    changes.push(await readChange(database, gate, pair, column, key));
  }
  if (changes.every(({ keys }) => keys === 0))
    return notCompared(gate, `${before.title} has no ${key.join(', ')} in common with this run`);
  return judged(gate, judgeChanged(gate, changes), `by ${key.join(', ')}, compared with ${before.title}`);
}

/** The parts of both, or the samples of features, whichever have the columns. */
function tablesOf(
  run: RunTables,
  before: RunTables,
  names: readonly string[],
): readonly [GateTable, GateTable] | null {
  const pairs = [
    [run.parts, before.parts],
    [run.features, before.features],
  ] as const;
  const hasAll = (table: GateTable | null) => table !== null && names.every((name) => has(table, name));
  const found = pairs.find((pair) => pair.every(hasAll));
  return found === undefined ? null : (found as readonly [GateTable, GateTable]);
}

async function readChange(
  database: Database,
  { by }: ChangedGate,
  [now, before]: readonly [GateTable, GateTable],
  column: string,
  key: readonly string[],
): Promise<KeyChange> {
  const names = key.map(quoteName).join(', ');
  const means = ({ from }: GateTable) =>
    `(SELECT ${names}, avg(CAST(${quoteName(column)} AS DOUBLE)) AS v FROM ${from} GROUP BY ${names})`;
  const joined = `SELECT ${names}, a.v AS now, b.v AS before,
      abs(a.v - b.v) > ${by} * greatest(abs(a.v), abs(b.v)) AS changed
    FROM ${means(now)} a JOIN ${means(before)} b USING (${names})`;
  const [row] = await database.rows(
    `SELECT count(*) AS keys, count(*) FILTER (changed) AS changed,
       max_by(${rowNameSql(key)} || ' from ' || printf('%.4g', before) || ' to ' || printf('%.4g', now), abs(now - before), ${EXAMPLES})
         FILTER (changed) AS examples
     FROM (${joined})`,
  );
  const examples = Array.isArray(row?.examples) ? row.examples.map(String) : [];
  return { column, keys: Number(row?.keys), changed: Number(row?.changed), examples };
}

export function judgeChanged(
  { by, most, least }: Pick<ChangedGate, 'by' | 'most' | 'least'>,
  changes: readonly KeyChange[],
): readonly GateFinding[] {
  return changes.flatMap(({ column, keys, changed, examples }) => {
    const share = changed / Math.max(keys, 1);
    const how = by === 0 ? 'changed' : `changed by more than ${percent(by)}`;
    const text = `${formatCount(changed)} of ${formatCount(keys)} keys ${how} (${percent(share)})`;
    if (most !== null && share > most)
      return [finding(`${text}; expected at most ${percent(most)}`, { column, examples })];
    if (least !== null && share < least)
      return [finding(`${text}; expected at least ${percent(least)}: is it stale?`, { column })];
    return [];
  });
}
