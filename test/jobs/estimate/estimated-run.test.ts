import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { bindJob } from '../../../src/config/bind-job.ts';
import { adHocJob } from '../../../src/config/override-job.ts';
import { silentLog, silentProgress, systemClock } from '../../../src/core/effects.ts';
import { planOnly } from '../../../src/jobs/plan/plan-only.ts';
import { runJob } from '../../../src/jobs/run-job.ts';
import { REPOSITORY } from '../../support/cli.ts';
import { inProcess } from '../../support/in-process-workers.ts';
import { temporaryFolder } from '../../support/project.ts';

const fixture = (name: string): string => join(REPOSITORY, 'fixtures', name);

let folder: string;
beforeEach(async () => {
  folder = join(await temporaryFolder(), 'out', 'weekly');
});

function jobAt(occurrence: string, model = 'sales-by-column.onnx') {
  const flags = { model: fixture(model), inputs: [fixture('sales.parquet')] };
  const spec = adHocJob({ ...flags, output: dirname(folder), key: ['store', 'product'], field: ['date'] });
  return {
    spec: bindJob({ ...spec, name: 'weekly' }, { occurrence: new Date(occurrence), now: new Date() }),
    effects: { clock: systemClock, log: silentLog, progress: silentProgress },
    signal: new AbortController().signal,
    startWorkers: inProcess.start,
  };
}

async function recordOf(occurrence: string) {
  const ran = await runJob({ ...jobAt(occurrence), resume: true, force: false });
  if (ran.outcome === 'nothing new') throw new Error('The job takes its whole input');
  return ran.record;
}

async function estimateOf(occurrence: string) {
  const plan = await planOnly(jobAt(occurrence));
  if ('outcome' in plan) throw new Error('The job takes its whole input');
  return plan.estimate;
}

describe('what a run will take', () => {
  it('comes from a sample first, which leaves nothing behind', async () => {
    const estimate = await estimateOf('2026-11-21');
    expect(readdirSync(dirname(dirname(folder)))).toEqual([]);
    expect(estimate?.basis.kind).toBe('sample');
    const { output, kv, estimate: recorded } = await recordOf('2026-11-21');
    expect(recorded).toBeUndefined();
    // A busy machine scores fewer of the rows.
    expect(estimate?.partBytes).toBeGreaterThan(output.bytes / 2);
    expect(estimate?.partBytes).toBeLessThan(output.bytes * 2);
    // Every key has the name of the generation in front of it once it is in a store.
    expect(estimate?.store?.bytes).toBeLessThanOrEqual(kv?.bytes ?? 0);
  });

  it('comes from the run before, and the record says how far off it was', async () => {
    const first = await recordOf('2026-11-21');
    expect((await estimateOf('2026-11-28'))?.basis).toEqual({ kind: 'runs', runs: 1, newest: first.runId });
    const second = await recordOf('2026-11-28');
    expect(second.estimate).toMatchObject({
      basis: { kind: 'runs', runs: 1, newest: first.runId },
      partBytes: first.output.bytes,
      off: { partBytes: 0, storeBytes: 0 },
    });
    expect(second.estimate?.off.seconds).toBeCloseTo(
      second.durationSeconds / (second.estimate?.seconds ?? 0) - 1,
      1,
    );
  });
});
