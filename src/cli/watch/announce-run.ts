import { hideUrls } from '../../config/hide-urls.ts';
import type { BoundJob } from '../../config/job-spec.ts';
import type { Log } from '../../core/effects.ts';
import type { RunJobResult } from '../../jobs/run-job-options.ts';
import type { CliContext } from '../context.ts';

/** Runs a job that a person or program asked for, and tells those whom the job names how it went. */
export async function announceRun<T extends RunJobResult>(
  context: CliContext,
  spec: BoundJob,
  log: Log,
  run: () => Promise<T>,
): Promise<T> {
  if (spec.notify === null && spec.heartbeat === null) return run();
  const { alertOfError, alertOfResult } = await import('../../jobs/alert.ts');
  const { createAnnouncer } = await import('../../notify/announcer.ts');
  const { secrets, env } = context;
  hideUrls(spec, secrets);
  const announcer = createAnnouncer({ log, env, mask: (text) => secrets.mask(text) });
  const began = new Date().toISOString();
  try {
    const result = await run();
    const alert = alertOfResult(spec, result);
    if (alert !== null) await announcer.alert(spec, alert);
    if (result.publishError === null) await announcer.success(spec);
    return result;
  } catch (error) {
    const alert = alertOfError(spec, error, await failedSince(spec, began));
    if (alert !== null) await announcer.alert(spec, alert);
    throw error;
  }
}

/** What the run that failed just now had done by then. */
async function failedSince(spec: BoundJob, began: string) {
  const { failedRecord } = await import('../../runs/list/earlier-runs.ts');
  const { folderOfJob } = await import('../../jobs/plan/locations.ts');
  const record = await failedRecord(folderOfJob(spec), spec.occurrence).catch(() => null);
  return record !== null && record.finishedAt >= began ? record : null;
}
