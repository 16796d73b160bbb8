import type { RunAccuracy } from '../core/accuracy.ts';
import type { GateReference, GateResult, GateSpec, SqlGate } from '../core/gates.ts';
import type { Plan } from '../core/plan.ts';
import { quoteName } from '../core/text/sql.ts';
import type { Database } from '../source/duckdb/database.ts';
import { duckdbReason } from '../source/read-error.ts';
import { createInputView } from '../source/shard-rows.ts';
import { createFeatureTables } from '../source/tables/feature-tables.ts';
import { finding, judged, notCompared } from './findings.ts';
import { type GateColumns, gateColumns, lookedAt } from './gate-columns.ts';
import { type GateView, jobTables, viewsOf } from './gate-sql.ts';
import { checkAccuracy } from './kinds/accuracy-gate.ts';
import { checkChanged } from './kinds/changed-gate.ts';
import { checkDrift } from './kinds/drift-gate.ts';
import { checkModel } from './kinds/model-gate.ts';
import { checkRows } from './kinds/rows-gate.ts';
import { checkSql } from './kinds/sql-gate.ts';
import { checkValues } from './kinds/values-gate.ts';
import type { GateTable, RunTables } from './run-tables.ts';

export interface GatesRequest {
  readonly database: Database;
  readonly gates: readonly GateSpec[];
  readonly plan: Plan;
  readonly run: RunTables;
  /** Earlier runs that are scored, newest first. */
  readonly scored: readonly RunAccuracy[];
  /** Null: there is nothing of the kind to compare with. */
  reference(wanted: GateReference): Promise<RunTables | null>;
}

/** Looks whether a run may be published. A gate that cannot be checked has failed: it says why. */
export async function checkGates(request: GatesRequest): Promise<readonly GateResult[]> {
  const columns = gateColumns(request.plan);
  const results: GateResult[] = [];
  for (const gate of request.gates) {
    try {
      results.push(await checkGate(request, gate, columns));
    } catch (error) {
      results.push(judged(gate, [finding(`it cannot be checked: ${duckdbReason(error)}`)], 'an error'));
    }
  }
  return results;
}

async function checkGate(request: GatesRequest, gate: GateSpec, columns: GateColumns): Promise<GateResult> {
  const { database, run } = request;
  const names = lookedAt(gate, columns);
  if (gate.kind === 'values') return checkValues(database, gate, run, names, columns.rowName);
  if (gate.kind === 'sql') return checkSelect(request, gate);
  if (gate.kind === 'accuracy') return checkAccuracy(gate, request.scored);
  const before = await request.reference(gate.against);
  if (before === null) return notCompared(gate, NOTHING[gate.against.kind]);
  switch (gate.kind) {
    case 'rows':
      return checkRows(database, gate, run, before);
    case 'drift':
      return checkDrift(database, gate, run, before, names);
    case 'changed':
      return checkChanged(database, gate, run, before, { columns: names, key: gate.key ?? columns.key });
    case 'model':
      return checkModel(gate, run, before);
  }
}

const NOTHING = {
  last: 'no run is published yet',
  weekday: 'no run of the same weekday was published',
  file: 'the file is missing',
} as const;

async function checkSelect(request: GatesRequest, gate: SqlGate): Promise<GateResult> {
  const views = await viewsOf(request.database, gate);
  const missing = await createGateViews(request, views);
  return missing === null ? checkSql(request.database, gate) : notCompared(gate, missing);
}

/** Makes the views that a SELECT reads. Returns why one of them cannot be made; null: all are there. */
async function createGateViews(
  { database, plan, run, reference }: GatesRequest,
  views: ReadonlySet<GateView>,
): Promise<string | null> {
  const create = async (view: GateView, table: GateTable | null): Promise<string | null> => {
    if (!views.has(view)) return null;
    if (table === null) return `${view} is not there to look at`;
    await database.run(`CREATE OR REPLACE TEMP VIEW ${quoteName(view)} AS SELECT * FROM ${table.from}`);
    return null;
  };
  await createFeatureTables(database, jobTables(plan));
  if (views.has('input'))
    await createInputView(database, plan.input, { rowStart: 0, rowEnd: plan.input.rows });
  const comparesRuns = views.has('previous') || views.has('previous_features');
  const before = comparesRuns ? await reference({ kind: 'last' }) : null;
  if (comparesRuns && before === null) return NOTHING.last;
  const missing = [
    await create('run', run.parts),
    await create('features', run.features),
    await create('previous', before?.parts ?? null),
    await create('previous_features', before?.features ?? null),
  ];
  return missing.find((each) => each !== null) ?? null;
}

/** Whether any gate looks at features, so that the run needs a sample of them. */
export function needsSample(gates: readonly GateSpec[]): boolean {
  return gates.some(({ kind }) => kind === 'drift' || kind === 'changed' || kind === 'sql');
}
