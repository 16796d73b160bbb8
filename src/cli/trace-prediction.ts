import { systemClock } from '../core/effects.ts';
import { ServeBatchError } from '../core/errors.ts';
import type { Plan } from '../core/plan.ts';
import { memoryLimitOf } from '../jobs/limits/memory-limit.ts';
import type { JobPlace } from '../jobs/publish/publish-earlier.ts';
import { runsOfGeneration } from '../jobs/publish/runs-below.ts';
import { openStore } from '../kv/open-store.ts';
import type { KvStore } from '../kv/store.ts';
import { exactValue } from '../lookup/exact-value.ts';
import { keyColumnsOf } from '../lookup/explain-miss.ts';
import { type KeyAddress, parseKeyTemplates, predictionAddress } from '../lookup/key-address.ts';
import { PublishedReader } from '../lookup/published-reader.ts';
import { runPaths } from '../runs/layout.ts';
import { previousPublished } from '../runs/list/published-runs.ts';
import { showJob } from '../runs/mirror/show-job.ts';
import { readPlan } from '../runs/plan/plan-file.ts';
import { readPublication } from '../runs/publication.ts';
import { checkParts } from '../runs/record/check-parts.ts';
import { readManifest } from '../runs/record/run-record.ts';
import type { TracedRow } from '../shard/trace/trace-row.ts';
import type { CliContext } from './context.ts';
import { explainMiss, explainNothing } from './explain-miss.ts';
import { storeToLookIn } from './targets/asked-key.ts';

type Asked = Readonly<Record<string, string>>;

/** A served prediction, and all that it comes from. */
export interface TracedPrediction {
  readonly job: string;
  readonly key: Asked;
  /** As `exactValue` reads it. */
  readonly value: unknown;
  readonly generation: string;
  readonly plan: Plan;
  /** ISO 8601; null: the folder does not say. */
  readonly publishedAt: string | null;
  readonly row: TracedRow;
  /** What the generation before said; null: there was none. */
  readonly previous: PreviousPrediction | null;
}

export interface PreviousPrediction {
  readonly run: string;
  /** Left out: it is not known, for the reason `why`. */
  readonly value?: unknown;
  readonly why?: string;
}

/** Throws what a lookup throws, `NOT_FOUND` where the run itself is not at hand, and `PART_DAMAGED`. */
export async function tracePrediction(
  context: CliContext,
  place: JobPlace,
  columns: Asked,
  { explain }: { readonly explain: boolean },
): Promise<TracedPrediction> {
  const { job } = place;
  const store = openStore({ url: storeToLookIn(place), job });
  const reader = new PublishedReader(store, { job, refreshMs: 1000, clock: systemClock });
  try {
    const { view, found } = await reader.get(columns).catch(async (error: unknown) => {
      throw await explainNothing(place, error);
    });
    const { info, generation, templates } = view;
    if (found === undefined) throw await explainMiss(context, { place, info, columns });
    const address = { ...predictionAddress(templates, columns), explain };
    const { runId, row } = await sourceOf(context, place, info.runId, address);
    const paths = runPaths(place.folderOfJob, runId);
    return {
      ...{ job, generation, row, plan: await readPlan(paths.plan) },
      key: askedKey(keyColumnsOf(info), columns),
      value: exactValue(found, info),
      publishedAt: (await readPublication(paths))?.at ?? null,
      previous: await previousOf(store, place, info.runId, columns),
    };
  } finally {
    await reader.close();
  }
}

/** Of the runs whose predictions the generation holds, the newest that has the key. */
async function sourceOf(
  { workers: source, signal }: CliContext,
  place: JobPlace,
  published: string,
  address: KeyAddress & { readonly explain: boolean },
): Promise<{ readonly runId: string; readonly row: TracedRow }> {
  const { folderOfJob } = place;
  await showJob(folderOfJob);
  if ((await readManifest(runPaths(folderOfJob, published))) === undefined) throw notAtHand(place, published);
  const workers = source.start({ size: 1, place: { folder: place.folderOfJob, storeUrl: null }, signal });
  try {
    const memoryLimit = memoryLimitOf({ execution: { memoryLimitBytes: null } });
    for (const { runId } of await runsOfGeneration(folderOfJob, published, systemClock)) {
      const paths = runPaths(folderOfJob, runId);
      await checkParts(paths, (await readManifest(paths))?.output.parts ?? []);
      const row = await workers.run('trace-row', { runId, memoryLimit, ...address });
      if (row !== null) return { runId, row };
    }
    throw notInParts(place, published);
  } finally {
    await workers.close();
  }
}

/** As the job spells its columns: case does not matter. */
function askedKey(names: readonly string[], columns: Asked): Asked {
  const given = new Map(Object.entries(columns).map(([name, value]) => [name.toLowerCase(), value]));
  return Object.fromEntries(names.map((name) => [name, given.get(name.toLowerCase()) ?? '']));
}

/** From the store, as long as it has that generation. */
async function previousOf(
  store: KvStore,
  { folderOfJob }: JobPlace,
  runId: string,
  columns: Asked,
): Promise<PreviousPrediction | null> {
  const run = await previousPublished(folderOfJob, runId);
  if (run === undefined) return null;
  const info = await store.info(run);
  if (info === undefined) return { run, why: 'the store does not have it any more' };
  try {
    const { key, field } = predictionAddress(parseKeyTemplates(info), columns);
    const text = await store.get(run, key, field);
    return text === undefined
      ? { run, why: 'it has no prediction for the key' }
      : { run, value: exactValue(text, info) };
  } catch (error) {
    if (!(error instanceof ServeBatchError) || error.code !== 'USAGE') throw error;
    return { run, why: `its key has other columns: ${[info.key, info.field].filter(Boolean).join(' and ')}` };
  }
}

function notAtHand({ job, folderOfJob }: JobPlace, runId: string): ServeBatchError {
  return new ServeBatchError(
    'NOT_FOUND',
    `The prediction comes from run ${runId} of ${job}, which is not in ${folderOfJob}. Run this where the output folder is, or name the folder with --output.`,
    { fields: { job, runId } },
  );
}

function notInParts({ job }: JobPlace, runId: string): ServeBatchError {
  return new ServeBatchError(
    'STORE_REFUSED',
    `The store has a prediction that the parts of run ${runId} of ${job} do not have. Something else wrote there: load the run again with "serve-batch publish ${runId}".`,
    { fields: { job, runId } },
  );
}
