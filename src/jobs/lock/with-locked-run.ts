import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChildren } from '../../children/child-processes.ts';
import { mirrorOf, publicPath } from '../../core/files/mirror.ts';
import { assertDevicePossible } from '../../inference/devices/device-errors.ts';
import { surroundings } from '../../inference/devices/surroundings.ts';
import { refreshPlanIndex } from '../../runs/list/plan-index.ts';
import { acquireLock } from '../../runs/lock/lock.ts';
import { RunLog } from '../../runs/run-log.ts';
import { startIncremental } from '../incremental/incremental-start.ts';
import { processesOf } from '../limits/processes.ts';
import { shardsAtOnce } from '../plan/device-of-run.ts';
import { type IdentifiedRun, identifyRun } from '../plan/identify-run.ts';
import { folderOfJob, storeUrlOf } from '../plan/locations.ts';
import { spoolStandardInput } from '../plan/spool-input.ts';
import { usesTls } from '../plan/uses-tls.ts';
import { assertFilePossible } from '../publish/single-file.ts';
import { keepStoringLog } from '../publish/store-log.ts';
import { storeOfRun } from '../publish/store-of-run.ts';
import type { RunJobOptions } from '../run-job-options.ts';
import type { LockedRun } from './locked-run.ts';
import { ReleaseStack } from './release-stack.ts';

/** Smaller inputs are mostly one shard, which a second child would only slow down by starting. */
const SMALL_INPUT_BYTES = 2 * 2 ** 20;
/** Holds what came on standard input until it is scored. */
const SPOOL_FOLDER = 'spool';

/**
 * Takes a job's lock and does work under it, with the input and the model found, the store open and workers
 * ready. All of it is released at the end, the lock last.
 */
export async function withLockedRun<T>(
  options: RunJobOptions,
  work: (locked: LockedRun) => Promise<T>,
  { computesHere }: { readonly computesHere: boolean } = { computesHere: true },
): Promise<T> {
  const { signal, mask = (text: string) => text } = options;
  const spec = options.spec;
  const runLog = new RunLog({ clock: options.effects.clock, mask, also: options.effects.log });
  const effects = { ...options.effects, log: runLog };
  const storeUrl = storeUrlOf(spec);
  const { startWorkers = startChildren } = options;
  const workers = startWorkers({
    size: processesOf(spec),
    place: { folder: folderOfJob(spec), storeUrl },
    usesTls: usesTls(spec, storeUrl),
    signal,
    onDied: (error) => effects.log.debug('a child process ended', { error: error.message }),
    onSaid: (line) => runLog.note('warn', line, { from: 'child' }),
  });
  // Its libraries take longer to load than anything that is done before it is needed.
  workers.warmUp(1);
  const release = new ReleaseStack();
  release.add(() => workers.close());
  try {
    // What is wrong with output, input or model is said before any folder is made.
    await assertFilePossible(spec);
    const readsStdin = spec.input.paths.includes('-');
    const identified = readsStdin ? null : await identifyRun(spec);
    const { device } = spec.execution;
    await assertDevicePossible(device, spec.model.path, surroundings());
    const isLarge =
      identified === null || identified.format === 'grid' || bytesOf(identified) >= SMALL_INPUT_BYTES;
    // Where a GPU is named, one child is all that scores.
    if (computesHere && isLarge && shardsAtOnce(spec, { name: device === 'auto' ? 'cpu' : device }) > 1)
      workers.warmUp();
    const lock = await acquireLock(folderOfJob(spec), { clock: effects.clock });
    release.add(() => lock.release());
    if (mirrorOf(folderOfJob(spec)) !== undefined) release.add(keepStoringLog(runLog, lock));
    // Once more: the lock is not released before all who work under it have ended.
    release.add(() => workers.close());
    const { clock } = effects;
    const store = await storeOfRun({ job: spec.name, storeUrl, clock, workers });
    if (store !== null) release.add(() => store.close());
    const spoolFolder = spoolFolderOf(spec);
    if (readsStdin)
      release.add(async () => {
        if (await lock.isHeld()) await rm(spoolFolder, { recursive: true, force: true });
      });
    // Standard input may never end: there is nothing to finish in order.
    const spoolSignal = options.drain === undefined ? signal : AbortSignal.any([signal, options.drain]);
    const spooled = await spoolStandardInput(spec, spoolFolder, { ...options, signal: spoolSignal });
    const found = identified ?? (await identifyRun(spooled));
    const index = await refreshPlanIndex(folderOfJob(spec));
    // With the lock held: nobody else moves the watermark.
    const incremental = await startIncremental({
      ...{ spec: spooled, identified: found, folderOfJob: folderOfJob(spec), index, effects },
      full: options.full === true,
    });
    const readiness = (await options.checkReady?.()) ?? null;
    const locked: LockedRun = {
      options: { ...options, effects, spec: spooled },
      runLog,
      folder: folderOfJob(spec),
      identified: incremental?.identified ?? found,
      incremental,
      index,
      lock,
      workers,
      store,
      storeUrl,
      readiness,
    };
    return await work(locked);
  } finally {
    await release.all();
  }
}

/** Its name is part of what the input is known by: where the output is a bucket, it is the same for each command. */
function spoolFolderOf(spec: RunJobOptions['spec']): string {
  const folder = folderOfJob(spec);
  if (mirrorOf(folder) === undefined) return join(folder, SPOOL_FOLDER);
  return join(
    tmpdir(),
    `serve-batch-${SPOOL_FOLDER}`,
    publicPath(folder).replaceAll(/[^A-Za-z0-9.-]+/g, '-'),
  );
}

function bytesOf({ source }: IdentifiedRun): number {
  return source.sources.reduce((sum, { bytes }) => sum + bytes, 0);
}
