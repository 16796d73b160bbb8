import type { JobFile } from './job-schema.ts';
import type { JobSpec } from './job-spec.ts';
import { normaliseActuals } from './sections/actuals.ts';
import { normaliseCoverage } from './sections/coverage.ts';
import { normaliseExecution } from './sections/execution.ts';
import { normaliseFeatures } from './sections/features.ts';
import { normaliseInput } from './sections/input.ts';
import { normaliseIntervals } from './sections/intervals.ts';
import { normaliseKv } from './sections/kv.ts';
import { normaliseLineage } from './sections/lineage.ts';
import { normaliseMetrics } from './sections/metrics.ts';
import { normaliseModel } from './sections/model.ts';
import { normaliseNotify } from './sections/notify.ts';
import { normaliseOnInvalid } from './sections/on-invalid.ts';
import { normaliseOutput, withKeyColumns } from './sections/output.ts';
import { normalisePublish } from './sections/publish.ts';
import { normaliseSchedule } from './sections/schedule.ts';
import { normaliseServing } from './sections/serving.ts';

/**
 * The long form of a job file: short forms written out, defaults filled in, paths absolute.
 * @param defaultName the name of a job whose file does not say it
 * @param folder what relative paths are relative to
 */
export function normaliseJob(job: JobFile, defaultName: string, folder: string): JobSpec {
  const output = normaliseOutput(job.output, folder);
  const kv = normaliseKv(job.kv, folder);
  const input = normaliseInput(job.input, folder);
  const { grid } = input;
  const switchedOff = kv?.url === 'none';
  return {
    name: job.name ?? defaultName,
    description: job.description ?? null,
    isDefault: job.default ?? false,
    params: paramTexts(job.params),
    input,
    features: normaliseFeatures(job.features, folder),
    model: normaliseModel(job.model, folder),
    output: switchedOff ? withKeyColumns(output, kv) : output,
    kv: switchedOff ? null : kv,
    execution: normaliseExecution(job.execution),
    onInvalid: normaliseOnInvalid(job.onInvalid ?? (grid === null ? 'fail' : 'reject')),
    coverage: normaliseCoverage(job.coverage),
    schedule: normaliseSchedule(job.schedule, folder),
    publish: normalisePublish(job.publish, folder),
    actuals: normaliseActuals(job.actuals, folder),
    intervals: normaliseIntervals(job.intervals),
    notify: normaliseNotify(job.notify, folder),
    heartbeat: job.heartbeat ?? null,
    metrics: normaliseMetrics(job.metrics, folder),
    lineage: normaliseLineage(job.lineage, folder),
    serving: normaliseServing(job.serving),
  };
}

function paramTexts(params: JobFile['params'] = {}): JobSpec['params'] {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)]));
}
