import type { Log } from '../core/effects.ts';
import type { BatchSize, DraftOnEngine, Plan, PlanOnDevice } from '../core/plan.ts';
import { type BatchSizeKey, readBatchSize, writeBatchSize } from '../runs/batch-sizes-file.ts';
import { machine } from '../runs/record/versions.ts';
import {
  type BatchTiming,
  chooseBatchSize,
  DEFAULT_BATCH_SIZE,
  rowBytesOf,
  sizesWithin,
} from './choose-batch-size.ts';
import { chooseDeviceSize, defaultDeviceSize, rowsOfLargestShard } from './device-sizes.ts';

/** Fewer rows are scored before a measurement has paid for itself. */
const LEAST_ROWS = 250_000;

export interface SettleRequest {
  readonly draft: PlanOnDevice;
  /** Where measurements are remembered. The caller holds the job's lock. */
  readonly folderOfJob: string;
  /** Measures in a child, with a plan of the default batch size. */
  readonly measure: (plan: Plan) => Promise<readonly BatchTiming[]>;
  readonly now: () => Date;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * The plan with a number for its batch size. Where the job says `auto`, that is what was measured for this
 * model on this machine before, what is measured now, or the default. Nothing that goes wrong with the
 * measurement ends the run here: a model that fails will say so better when it scores.
 */
export async function settleBatchSize(request: SettleRequest): Promise<Plan> {
  const { draft, folderOfJob } = request;
  const known = await knownBatchSize(draft, folderOfJob);
  if (known !== 'auto') return { ...draft, batchSize: known };
  const timings = await measure(request);
  const batchSize = choose(draft, timings);
  if (timings.length > 0) await remember(request, batchSize, timings);
  return { ...draft, batchSize };
}

function choose(draft: PlanOnDevice, timings: readonly BatchTiming[]): number {
  return draft.device.name === 'cpu'
    ? chooseBatchSize(timings)
    : chooseDeviceSize(timings, rowsOfLargestShard(draft));
}

async function measure({ draft, measure, log, signal }: SettleRequest): Promise<readonly BatchTiming[]> {
  try {
    const timings = await measure({ ...draft, batchSize: DEFAULT_BATCH_SIZE });
    log.debug(timings.length === 0 ? 'batch sizes are not worth measuring' : 'measured batch sizes', {
      chosen: choose(draft, timings),
      rowsPerSecond: rates(timings),
      otherBits: timings.filter(({ sameBits }) => !sameBits).map(({ batchSize }) => batchSize),
    });
    return timings;
  } catch (error) {
    signal.throwIfAborted();
    log.debug('batch sizes could not be measured', { error: messageOf(error) });
    return [];
  }
}

async function remember(
  { draft, folderOfJob, now, log }: SettleRequest,
  batchSize: number,
  timings: readonly BatchTiming[],
): Promise<void> {
  try {
    const found = { batchSize, rowsPerSecond: rates(timings), measuredAt: now().toISOString() };
    await writeBatchSize(folderOfJob, { ...batchSizeKey(draft), ...found });
  } catch (error) {
    log.debug('the batch size could not be written down', { error: messageOf(error) });
  }
}

/**
 * The batch size as far as it is known without measuring; `auto` where a run would measure. Reads one
 * file and changes nothing.
 */
export async function knownBatchSize(
  draft: DraftOnEngine | PlanOnDevice,
  folderOfJob: string,
): Promise<BatchSize> {
  if (draft.batchSize !== 'auto') return draft.batchSize;
  // Trees answer alike in calls of any size, and all are about as fast.
  if (draft.engine.name === 'trees') return sizesWithin(rowBytesOf(draft)).at(-1) ?? DEFAULT_BATCH_SIZE;
  // How several threads share a call depends on its rows, and with that, in some models, the last bits.
  if (isOnCpu(draft) && draft.threads > 1) return DEFAULT_BATCH_SIZE;
  const remembered = await readBatchSize(folderOfJob, batchSizeKey(draft));
  if (remembered !== undefined && isPossible(draft, remembered)) return remembered;
  if (draft.input.rows >= LEAST_ROWS) return 'auto';
  return isOnCpu(draft) ? DEFAULT_BATCH_SIZE : defaultDeviceSize(rowsOfLargestShard(draft));
}

/** Also where the device is still to be chosen: most often it will be the CPU. */
function isOnCpu({ device }: DraftOnEngine | PlanOnDevice): boolean {
  return device.name === 'cpu' || device.name === 'auto';
}

/** On a device also sizes that were halved, since it had no memory for more. */
function isPossible(draft: DraftOnEngine | PlanOnDevice, size: number): boolean {
  return isOnCpu(draft)
    ? sizesWithin(rowBytesOf(draft)).includes(size)
    : size / 2 < rowsOfLargestShard(draft);
}

/** What a batch size of this plan is remembered for. */
export function batchSizeKey(draft: DraftOnEngine | PlanOnDevice): BatchSizeKey {
  const { device, model } = draft;
  const adapter = 'adapter' in device && device.adapter !== null ? `, ${device.adapter}` : '';
  return {
    modelSha256: model.sha256,
    rowBytes: rowBytesOf(draft),
    ...(isOnCpu(draft) ? {} : { device: `${device.name}${adapter}` }),
    ...machine(),
  };
}

function rates(timings: readonly BatchTiming[]): Readonly<Record<string, number>> {
  return Object.fromEntries(
    timings.map(({ batchSize, rowsPerSecond }) => [String(batchSize), rowsPerSecond]),
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
