import { z } from 'zod';
import { pathExists, readJsonIfValid } from '../runs/json-file.ts';
import { type RunPaths, runPaths } from '../runs/layout.ts';
import { readPlanIndex } from '../runs/list/plan-index.ts';
import { listRunIds } from '../runs/list/run-folders.ts';

/** What a committed run of an incremental job says of its place in the chain of such runs. */
export interface ChainPlace {
  readonly runId: string;
  /** From 1; the highest has the watermark. */
  readonly sequence: number;
  /** Whether the run took everything, whatever had been taken before. */
  readonly full: boolean;
}

const recordSchema = z.object({
  incremental: z.object({ sequence: z.int(), full: z.boolean() }).exactOptional(),
});

/** Undefined where the run is not committed, or took its whole input. */
export async function readChainPlace(paths: RunPaths): Promise<ChainPlace | undefined> {
  const record = await readJsonIfValid(paths.manifest, recordSchema);
  return record?.incremental === undefined ? undefined : { runId: paths.runId, ...record.incremental };
}

/** The committed run of the chain that has the watermark: the one with the highest number. */
export async function lastOfChain(folderOfJob: string): Promise<Pick<ChainPlace, 'runId'> | undefined> {
  const index = await readPlanIndex(folderOfJob);
  const places: Pick<ChainPlace, 'runId' | 'sequence'>[] = [];
  for (const runId of index.runIds) {
    const sequence = index.sequenceOf(runId);
    const place =
      sequence === undefined ? await readChainPlace(runPaths(folderOfJob, runId)) : { runId, sequence };
    if (place !== undefined && place.sequence > 0) places.push(place);
  }
  for (const place of places.sort((a, b) => b.sequence - a.sequence))
    if (await pathExists(runPaths(folderOfJob, place.runId).manifest)) return place;
  return undefined;
}

/**
 * The runs whose parts together are the predictions of a job with `input.incremental`, oldest first: all
 * committed ones, from the last that took everything on.
 */
export async function chainOfRuns(folderOfJob: string): Promise<readonly string[]> {
  const places: ChainPlace[] = [];
  for (const runId of await listRunIds(folderOfJob)) {
    const place = await readChainPlace(runPaths(folderOfJob, runId));
    if (place !== undefined) places.push(place);
  }
  places.sort((a, b) => a.sequence - b.sequence);
  const start = places.findLastIndex(({ full }) => full);
  return places.slice(Math.max(start, 0)).map(({ runId }) => runId);
}
