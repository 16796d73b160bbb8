import type { Clock } from '../core/effects.ts';
import type { ServeBatchError } from '../core/errors.ts';
import { memoryLimitOf } from '../jobs/limits/memory-limit.ts';
import { expiryOf } from '../jobs/publish/expiry.ts';
import { runsOfGeneration } from '../jobs/publish/runs-below.ts';
import { openStore } from '../kv/open-store.ts';
import type { GenerationInfo } from '../kv/store.ts';
import { PublishedReader } from '../lookup/published-reader.ts';
import { runPaths } from '../runs/layout.ts';
import { showJobAnew } from '../runs/mirror/show-job.ts';
import type { StartWorkers } from '../tasks/workers.ts';
import { FlipFeed } from './events/flip-feed.ts';
import { GenerationBefore } from './generation-before.ts';
import { KeyDictionary, type KeyValues } from './key-dictionary.ts';
import { LiveJob } from './live/live-model.ts';
import { ServedJob } from './served-job.ts';
import type { JobSource, OpenJob } from './served-jobs.ts';
import { StoreGate } from './store-gate.ts';

/** A newly published run is noticed within this time. */
const REFRESH_MS = 1_000;
const STORE_DEADLINE_MS = 2_000;
/** How long a request for an unknown key waits to be told which part of it is unknown. */
const EXPLAIN_PATIENCE_MS = 2_000;
/** Ten minutes: a client that lost its connection comes back sooner. */
const LOOKS_ALONE = 600;
/** A column with more values is not kept in memory. */
const MOST_KEY_VALUES = 100_000;

export interface OpenServedJobOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly startWorkers: StartWorkers;
  /** Told the seconds of each call of a live model, and why one failed. */
  readonly onLiveCall?: (job: string, seconds: number) => void;
  readonly onLiveFailure?: (job: string, error: ServeBatchError) => void;
}

/** Opens a job for requests. Nothing is connected before the first. */
export function openServedJob(source: JobSource, options: OpenServedJobOptions): OpenJob {
  const { name, storeUrl, serving } = source;
  const { clock } = options;
  const store = openStore({ job: name, url: storeUrl, clock });
  const reader = new PublishedReader(store, {
    job: name,
    refreshMs: REFRESH_MS,
    clock,
  });
  const isLocal = storeUrl.startsWith('lmdb:');
  const gate = new StoreGate({ clock, deadlineMs: isLocal ? null : STORE_DEADLINE_MS });
  const dictionary = new KeyDictionary({
    read: (info, columns) => readKeyValues(source, options, info, columns),
    expiry: ({ runId }) => expiryOf(runPaths(source.folderOfJob, runId), clock.now()),
    patienceMs: EXPLAIN_PATIENCE_MS,
  });
  const flips = new FlipFeed({ store, gate, everyMs: REFRESH_MS, looksAlone: LOOKS_ALONE });
  const before = new GenerationBefore({ store, gate, folderOfJob: source.folderOfJob });
  const live = openLive(source, options);
  return {
    job: new ServedJob({
      ...{ name, serving, reader, gate, dictionary, flips, before, clock },
      ...(live === null ? {} : { live }),
    }),
    async close() {
      await live?.close();
      await flips.close();
      await reader.close();
    },
  };
}

/** Null: the job is not answered live. No process is started yet. */
export function openLive(
  { name, folderOfJob, serving }: JobSource,
  { clock, signal, startWorkers, onLiveCall, onLiveFailure }: OpenServedJobOptions,
): LiveJob | null {
  const { live, normalise } = serving;
  if (live === null) return null;
  return new LiveJob({
    ...{ folderOfJob, live, normalise, startWorkers, signal, clock },
    onCall: (seconds) => onLiveCall?.(name, seconds),
    onFailure: (error) => onLiveFailure?.(name, error),
  });
}

/** In a child process: DuckDB is nothing for the process that answers. */
async function readKeyValues(
  { folderOfJob }: JobSource,
  { startWorkers, signal, clock }: OpenServedJobOptions,
  { runId }: GenerationInfo,
  columns: readonly string[],
): Promise<KeyValues> {
  await showJobAnew(folderOfJob, { newest: 1 });
  const runs = await runsOfGeneration(folderOfJob, runId, clock);
  const workers = startWorkers({ size: 1, place: { folder: folderOfJob, storeUrl: null }, signal });
  try {
    return await workers.run('key-values', {
      runId,
      memoryLimit: memoryLimitOf({ execution: { memoryLimitBytes: null } }),
      runs,
      columns,
      limit: MOST_KEY_VALUES,
    });
  } finally {
    await workers.close();
  }
}
