import { ServeBatchError } from '../core/errors.ts';
import type { GateSpec } from '../core/gates.ts';
import type { Plan } from '../core/plan.ts';
import { type Column, isNumberType } from '../core/table.ts';
import { suggestion } from '../core/text/nearest.ts';
import type { Database } from '../source/duckdb/database.ts';
import { type GateColumns, gateColumns, lookedAt } from './gate-columns.ts';
import { assertGateSelect } from './gate-sql.ts';

export interface GatesToFit {
  readonly gates: readonly GateSpec[];
  readonly plan: Pick<Plan, 'input' | 'features' | 'output' | 'kv'>;
  /** Names of `features.tables`. */
  readonly tables: readonly string[];
  readonly externalAccess: boolean;
}

/**
 * Throws where a gate names a column that the run will not have, or SQL that it may not run: before hours of
 * computing, not after. `SCHEMA_MISMATCH` or `JOB_FILE`.
 */
export async function assertGatesFit(database: Database, request: GatesToFit): Promise<void> {
  const columns = gateColumns(request.plan);
  for (const gate of request.gates) {
    if (gate.kind === 'sql') await assertGateSelect(database, gate, request);
    else assertColumns(gate, columns);
  }
}

function assertColumns(gate: GateSpec, columns: GateColumns): void {
  const { predictions, kept, features, key } = columns;
  const parts = [...predictions, ...kept];
  if ('by' in gate && Array.isArray(gate.by)) assertKnown(gate, gate.by, parts, 'output.columns can keep it');
  if (gate.kind === 'values') {
    assertKnown(gate, lookedAt(gate, columns), parts.filter(isNumber), 'it must be a number of the parts');
    assertSome(gate, columns);
  }
  if (gate.kind === 'drift') {
    assertKnown(gate, gate.columns ?? [], [...parts, ...features], '');
    assertSome(gate, columns);
  }
  if (gate.kind === 'changed') {
    assertKnown(gate, gate.columns ?? [], [...parts, ...features].filter(isNumber), 'it must be a number');
    assertKnown(gate, gate.key ?? [], kept, 'output.columns can keep it');
    assertSome(gate, columns);
    if (gate.key === null && key.length === 0)
      throw misfit(gate, 'needs the columns of a key, and the job has no kv.key. Give the gate a key');
  }
}

const isNumber = ({ type }: Column): boolean => isNumberType(type);

function assertSome(gate: GateSpec, columns: GateColumns): void {
  if (lookedAt(gate, columns).length === 0)
    throw misfit(gate, 'has no column to look at: the predictions are lists or texts. Name a column');
}

function assertKnown(gate: GateSpec, names: readonly string[], known: readonly Column[], hint: string): void {
  const all = known.map(({ name }) => name);
  const unknown = names.find((name) => !all.includes(name));
  if (unknown === undefined) return;
  const help = hint === '' ? '' : ` (${hint})`;
  throw misfit(
    gate,
    `names the column "${unknown}", which it cannot use${help}.${suggestion(unknown, all)} It can use ${all.join(', ')}`,
  );
}

function misfit({ name }: GateSpec, problem: string): ServeBatchError {
  return new ServeBatchError('SCHEMA_MISMATCH', `publish.gates: the gate "${name}" ${problem}.`, {
    fields: { gate: name },
  });
}
