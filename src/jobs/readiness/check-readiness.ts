import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChildren } from '../../children/child-processes.ts';
import type { BoundJob } from '../../config/job-spec.ts';
import type { WaitCondition } from '../../config/sections/wait-for.ts';
import type { Clock } from '../../core/effects.ts';
import { ServeBatchError } from '../../core/errors.ts';
import { type ConditionState, type Readiness, readinessOf } from '../../core/readiness.ts';
import type { CheckTablesRequest, WaitedTable } from '../../planning/readiness/check-tables.ts';
import type { StartWorkers } from '../../tasks/workers.ts';
import { memoryLimitOf } from '../limits/memory-limit.ts';
import { checkFile } from './check-files.ts';

export interface CheckEffects {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Who looks at tables; it is ended with the call. Default: child processes. */
  readonly startWorkers?: StartWorkers;
}

/** A check that takes longer is given up: its disk may hang. */
const CHECK_LIMIT_MS = 60_000;

type TableConditions = CheckTablesRequest['conditions'];

/**
 * Whether what the job waits for is there now. Tables are looked at in a process of their own, and only once all
 * files are there. Throws `JOB_FILE` for SQL that is no condition.
 */
export async function checkReadiness(spec: BoundJob, effects: CheckEffects): Promise<Readiness> {
  const conditions = spec.schedule?.waitFor ?? [];
  const now = effects.clock.now();
  const files: ConditionState[] = [];
  for (const each of conditions) if (each.kind === 'file') files.push(await checkFile(each, now));
  const others = conditions.filter((each): each is TableConditions[number] => each.kind !== 'file');
  const isWorthIt = files.every(({ isMet }) => isMet === true);
  const tables = isWorthIt ? await lookAtTables(spec, others, effects) : others.map(notLookedAt);
  return readinessOf(now, [...files, ...tables]);
}

function notLookedAt(condition: TableConditions[number]): ConditionState {
  return { condition: describeCondition(condition), isMet: null, found: 'not looked at yet' };
}

/** In words; of a table, only which one. */
export function describeCondition(condition: WaitCondition): string {
  switch (condition.kind) {
    case 'file':
      return `file ${condition.shown}`;
    case 'table':
      return `table ${condition.table}`;
    case 'sql':
      return condition.sql.replaceAll(/\s+/g, ' ').trim();
  }
}

async function lookAtTables(
  spec: BoundJob,
  conditions: TableConditions,
  { signal, startWorkers = startChildren }: CheckEffects,
): Promise<readonly ConditionState[]> {
  if (conditions.length === 0) return [];
  const folder = await mkdtemp(join(tmpdir(), 'serve-batch-ready-'));
  const limit = AbortSignal.timeout(CHECK_LIMIT_MS);
  const limited = AbortSignal.any([signal, limit]);
  const workers = startWorkers({ size: 1, place: { folder, storeUrl: null }, signal: limited });
  try {
    return await workers.run('check-tables', {
      ...requestOf(spec, conditions),
      memoryLimit: memoryLimitOf(spec),
    });
  } catch (error) {
    signal.throwIfAborted();
    const isConditionWrong = error instanceof ServeBatchError && error.code === 'JOB_FILE';
    if (isConditionWrong) throw error;
    const found = limit.aborted ? `not known after ${CHECK_LIMIT_MS / 1000} s` : String(error);
    return conditions.map((each) => ({ condition: describeCondition(each), isMet: false, found }));
  } finally {
    await workers.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function requestOf({ input, features }: BoundJob, conditions: TableConditions): CheckTablesRequest {
  const { paths, grid: _, incremental: __, ...options } = input;
  const ofInput: WaitedTable[] = paths.length === 0 ? [] : [{ name: 'input', paths, options }];
  const joined = Object.entries(features.tables).map(([name, path]) => ({ name, paths: [path] }));
  return { tables: [...ofInput, ...joined], conditions, externalAccess: features.externalAccess };
}
