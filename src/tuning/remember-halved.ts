import type { Plan } from '../core/plan.ts';
import { writeBatchSize } from '../runs/batch-sizes-file.ts';
import { batchSizeKey, type SettleRequest } from './settle-batch-size.ts';

/**
 * Remembers that a device had no memory for the plan's batches: later runs begin with smaller ones. The
 * caller holds the job's lock.
 */
export async function rememberHalved(
  plan: Plan,
  callRows: number,
  { folderOfJob, now, log }: Pick<SettleRequest, 'folderOfJob' | 'now' | 'log'>,
): Promise<void> {
  log.warn(
    `the device has no memory for ${plan.batchSize} rows a call: calls now have ${callRows}, also in later runs`,
  );
  try {
    const found = { batchSize: callRows, rowsPerSecond: {}, measuredAt: now().toISOString() };
    await writeBatchSize(folderOfJob, { ...batchSizeKey(plan), ...found });
  } catch (error) {
    log.debug('the batch size could not be written down', { error: String(error) });
  }
}
