import type { JobSpec } from '../../config/job-spec.ts';
import type { Clock } from '../../core/effects.ts';
import { openPointer } from '../../kv/open-pointer.ts';
import type { ManagedStore, StorePointer } from '../../kv/store.ts';
import { pathExists } from '../../runs/json-file.ts';
import { runPaths } from '../../runs/layout.ts';
import { readPlan } from '../../runs/plan/plan-file.ts';
import { comparePublications, readCurrent, readPublication } from '../../runs/publication.ts';
import { readManifest } from '../../runs/record/run-record.ts';
import { folderOfJob, storeUrlOf } from '../plan/locations.ts';

/** What a job's store holds, beside what its output folder says. */
export type StoreState =
  /** It holds the published run; or there is nothing to compare. */
  | { readonly kind: 'same' }
  /** It was emptied, or holds an earlier run: the published one can be loaded again. */
  | { readonly kind: 'lost'; readonly published: string; readonly held: string | null }
  /** It shows a run that this folder did not publish before the published one: nothing is loaded over it. */
  | { readonly kind: 'foreign'; readonly published: string; readonly held: string; readonly why: string };

export type LostStore = Exclude<StoreState, { readonly kind: 'same' }>;

const SAME: StoreState = { kind: 'same' };

/** Compares the store's pointer with `current`. Throws `STORE_*` where the store does not answer. */
export async function compareStore(spec: JobSpec, clock: Clock): Promise<StoreState> {
  const folder = folderOfJob(spec);
  const url = storeUrlOf(spec);
  const published = await readCurrent(folder);
  if (url === null || published === undefined) return SAME;
  if (!(await isKept(folder, published, clock))) return SAME;
  const store = openPointer({ url, job: spec.name, clock });
  try {
    const held = await generationShown(store);
    if (held === published) return SAME;
    const why = held === null ? null : await whyForeign(folder, published, held);
    if (held === null || why === null) return { kind: 'lost', published, held };
    return { kind: 'foreign', published, held, why };
  } finally {
    await store.close();
  }
}

export interface PublishedCount {
  readonly runId: string;
  /** What the store holds. */
  readonly values: number;
  /** What it held when the run was published. */
  readonly expected: number;
}

/**
 * Counts what a store that may evict keys holds of the published run; null where there is nothing to compare.
 * @param open the store of the job, whole
 */
export async function countPublished(
  spec: JobSpec,
  clock: Clock,
  open: (url: string) => Pick<ManagedStore, 'mayEvict' | 'count' | 'close'>,
): Promise<PublishedCount | null> {
  const folder = folderOfJob(spec);
  const url = storeUrlOf(spec);
  const runId = await readCurrent(folder);
  if (url === null || runId === undefined || !(await isKept(folder, runId, clock))) return null;
  const { kv } = await readPlan(runPaths(folder, runId).plan);
  // Those of earlier runs come to their end one after the other.
  if (kv?.extends !== undefined && kv.ttlSeconds !== null) return null;
  const expected = (await readManifest(runPaths(folder, runId)))?.kv?.values;
  if (expected === undefined) return null;
  const store = open(url);
  try {
    return store.mayEvict ? { runId, values: (await store.count(runId)).values, expected } : null;
  } finally {
    await store.close();
  }
}

/** Whether the run went to a store, and its values have not come to their end there, as `kv.ttl` wants. */
async function isKept(folder: string, published: string, clock: Clock): Promise<boolean> {
  const paths = runPaths(folder, published);
  const { kv } = await readPlan(paths.plan);
  if (kv === null) return false;
  if (kv.ttlSeconds === null) return true;
  const publication = await readPublication(paths);
  return (
    publication !== undefined && Date.parse(publication.at) + kv.ttlSeconds * 1000 > clock.now().getTime()
  );
}

/** The generation that readers see; null where there is none, or the pointer names one that is gone. */
async function generationShown(store: StorePointer): Promise<string | null> {
  const current = await store.current();
  if (current === undefined) return null;
  return (await store.generations()).includes(current) ? current : null;
}

/** Null where the run in the store is an earlier one of this folder. */
async function whyForeign(folder: string, published: string, held: string): Promise<string | null> {
  const paths = runPaths(folder, held);
  if (!(await pathExists(paths.folder)))
    return 'This output folder does not have that run: another folder may publish to the same store, or the run was pruned. If nothing else publishes there';
  const heldAt = await readPublication(paths);
  const publishedAt = await readPublication(runPaths(folder, published));
  const isEarlier =
    heldAt !== undefined && (publishedAt === undefined || comparePublications(heldAt, publishedAt) < 0);
  return isEarlier
    ? null
    : `A command was ended while it published that run. Finish it with "serve-batch publish ${held}"; or, to go back`;
}

/** For people: what is wrong, and of a foreign run, what to do. */
export function describeLostStore(job: string, state: LostStore): string {
  const { published, held } = state;
  const shows = held === null ? 'shows no run' : `shows run ${held}`;
  const what = `The store of ${job} ${shows}; the published run is ${published}.`;
  return state.kind === 'lost'
    ? what
    : `${what} It is not loaded again by itself. ${state.why}, load it with "serve-batch publish ${published}".`;
}
