import type { AccuracyRecord } from '../accuracy/accuracy-record.ts';
import { toServeBatchError } from '../core/errors.ts';
import { formatNumber } from '../core/text/amounts.ts';
import { folderOfJob } from '../jobs/plan/locations.ts';
import { runIdTime } from '../runs/run-id.ts';
import { claimAlert } from './alert-mark.ts';
import type { ScheduledJob, ScheduleEffects } from './schedule-effects.ts';

type Effects = Pick<ScheduleEffects, 'scores' | 'announcer' | 'clock' | 'log' | 'drain'>;

/**
 * Compares what is published of a job with what came true since, where that has changed, and tells of forecasts that
 * have become bad. Never throws: it fails no run, and is tried again at the next look.
 */
export async function scorePublished({ spec }: Pick<ScheduledJob, 'spec'>, effects: Effects): Promise<void> {
  const { scores, log, drain } = effects;
  const about = { job: spec.name };
  try {
    const scored = await scores.scoreDue(spec);
    const fresh = scored.flatMap((each) => (each.kind === 'scored' ? [each.record] : []));
    if (fresh.length > 0)
      log.info(`${formatNumber(fresh.length, 'run')} compared with what came true`, about);
    for (const each of scored)
      if (each.kind === 'failed')
        log.warn(`run ${each.runId} cannot be compared with what came true: ${each.error.message}`, about);
    for (const record of fresh) await tellOfDegradation({ spec }, record, effects);
  } catch (error) {
    if (drain.aborted) return;
    const { code, message } = toServeBatchError(error);
    log.warn(`the runs cannot be compared with what came true: ${message}`, { ...about, code });
  }
}

/** Once for each run: its actuals come day by day. */
async function tellOfDegradation(
  { spec }: Pick<ScheduledJob, 'spec'>,
  record: AccuracyRecord,
  { scores, announcer, clock, log }: Effects,
): Promise<void> {
  const { runId } = record;
  const what = await scores.degradation(spec, record);
  if (what === null) return;
  const mark = new Date(runIdTime(runId) ?? 0);
  if (!(await claimAlert(folderOfJob(spec), mark, 'accuracy', clock.now()))) return;
  const message = `The forecasts of ${spec.name} are not as good as they should be: ${what}.`;
  log.warn(message, { job: spec.name, runId });
  await announcer.alert(spec, {
    ...{ event: 'accuracy', job: spec.name, occurrence: null, runId, message },
    record: null,
  });
}
