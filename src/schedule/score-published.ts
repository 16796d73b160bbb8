import { formatNumber } from '../core/amounts.ts';
import { toServeBatchError } from '../core/errors.ts';
import type { ScheduledJob, ScheduleEffects } from './schedule-effects.ts';

/**
 * Compares what is published of a job with what came true since, where that has changed. Never throws: it fails
 * no run, and is tried again at the next look.
 */
export async function scorePublished(
  { spec }: Pick<ScheduledJob, 'spec'>,
  { scores, log, drain }: Pick<ScheduleEffects, 'scores' | 'log' | 'drain'>,
): Promise<void> {
  const about = { job: spec.name };
  try {
    const scored = await scores.scoreDue(spec);
    const fresh = scored.filter(({ kind }) => kind === 'scored');
    if (fresh.length > 0)
      log.info(`${formatNumber(fresh.length, 'run')} compared with what came true`, about);
    for (const each of scored)
      if (each.kind === 'failed')
        log.warn(`run ${each.runId} cannot be compared with what came true: ${each.error.message}`, about);
  } catch (error) {
    if (drain.aborted) return;
    const { code, message } = toServeBatchError(error);
    log.warn(`the runs cannot be compared with what came true: ${message}`, { ...about, code });
  }
}
