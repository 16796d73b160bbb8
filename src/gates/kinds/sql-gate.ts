import type { GateResult, SqlGate } from '../../core/gates.ts';
import { formatNumber } from '../../core/text/amounts.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { EXAMPLES, finding, judged } from '../findings.ts';

/**
 * Runs a SELECT over the views of {@link createGateViews}. One BOOLEAN column must be true in every row;
 * otherwise each row is a wrong one.
 */
export async function checkSql(database: Database, gate: SqlGate): Promise<GateResult> {
  const columns = await database.describe(gate.select);
  const [only] = columns;
  if (columns.length === 1 && only?.type === 'BOOLEAN') {
    const rows = await database.rows(gate.select);
    const isTrue = rows.length > 0 && rows.every((row) => row[only.name] === true);
    return judged(gate, isTrue ? [] : [finding('its condition is not true')], 'a condition');
  }
  const [counted] = await database.rows(`SELECT count(*) AS n FROM (${gate.select}\n)`);
  const wrong = Number(counted?.n);
  if (wrong === 0) return judged(gate, [], 'a SELECT of wrong rows');
  const first = await database.rows(`SELECT * FROM (${gate.select}\n) LIMIT ${EXAMPLES}`);
  const examples = first.map((row) =>
    Object.entries(row)
      .map(([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
      .join(' '),
  );
  return judged(
    gate,
    [finding(`its SELECT finds ${formatNumber(wrong, 'wrong row')}`, { examples })],
    'a SELECT of wrong rows',
  );
}
