import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { appendToFile, storeGrown, writeFileDurably } from '../../core/files/durable-file.ts';
import { fetchContent } from '../../core/files/mirror.ts';
import { planIndexFile, runPaths } from '../layout.ts';
import { type PlanSummary, planSummarySchema, readPlanSummary } from '../plan/plan-summary.ts';
import { listRunIds } from './run-folders.ts';

/** A line of another version, or one that a kill has cut, counts as not being there. */
const LINE_START = '{"v":2,"runId":"';
const LINE_END = ',"end":true}';
const RUN_ID_CHARACTERS = '20261121T000000Z-k3x9'.length;

const lineSchema = z.object({ plan: planSummarySchema });

/** Plans that are read at the same time. */
const READ_AT_ONCE = 32;
/** Lines of runs that are gone, before the file is written anew. */
const GONE_KEPT = 100;

/**
 * What the plans of all runs of a job say, without opening them: `plans.jsonl` has a line for each. A plan
 * never changes, so that a line is right for as long as there is a folder of the run's name. Runs without a
 * line (new ones, copied ones, those of an earlier version) are looked up in their folders, and lines of runs
 * that are gone are passed over: the file may be missing, old or cut anywhere, and the answers are the same.
 *
 * What changes of a run (whether it is committed, published, rolled back) is not in it.
 */
export class PlanIndex {
  /** All runs of the job, newest first. */
  readonly runIds: readonly string[];
  readonly #lines: ReadonlyMap<string, string>;

  constructor(runIds: readonly string[], lines: ReadonlyMap<string, string>) {
    this.runIds = runIds;
    this.#lines = lines;
  }

  /** Undefined where the run has no plan, or a damaged one. */
  planOf(runId: string): PlanSummary | undefined {
    const line = this.#lines.get(runId);
    const parsed = line === undefined ? undefined : lineSchema.safeParse(parseLine(line));
    return parsed?.data?.plan;
  }

  /** False where the plan certainly does not hold this value. Costs less than {@link planOf}. */
  mayHold(runId: string, value: string | null): boolean {
    return this.#lines.get(runId)?.includes(JSON.stringify(value)) ?? true;
  }

  /** The occurrence that a run is for; null: none, or it has no plan. Costs less than {@link planOf}. */
  occurrenceOf(runId: string): string | null {
    return /"occurrence":"([^"]+)"/.exec(this.#lines.get(runId) ?? '')?.[1] ?? null;
  }

  /** As they stand in the file. */
  lines(): string[] {
    return this.runIds.flatMap((runId) => this.#lines.get(runId) ?? []);
  }

  /** A run's number in the chain of an incremental job; 0: it is of no chain. Undefined: it has no plan. */
  sequenceOf(runId: string): number | undefined {
    const line = this.#lines.get(runId);
    return line === undefined ? undefined : Number(/"sequence":(\d+)/.exec(line)?.[1] ?? 0);
  }
}

/** Reads the index, and what is not in it from the folders of the runs. Writes nothing. */
export async function readPlanIndex(folderOfJob: string): Promise<PlanIndex> {
  return (await load(folderOfJob)).index;
}

/**
 * As {@link readPlanIndex}, and adds what was not in it. The caller holds the job's lock: nobody else writes
 * it. Where it cannot be written, the next one has to look again, and that is all.
 */
export async function refreshPlanIndex(folderOfJob: string): Promise<PlanIndex> {
  const { index, added, gone } = await load(folderOfJob);
  const path = planIndexFile(folderOfJob);
  try {
    if (gone.length > GONE_KEPT + index.runIds.length) await writeFileDurably(path, fileText(index.lines()));
    // It begins with the end of a line that a kill may have cut.
    else if (added.length > 0) {
      appendToFile(path, `\n${fileText(added)}`);
      await storeGrown(path);
    }
  } catch {
    // A full disk, a folder that may only be read, or a link in its place.
  }
  return index;
}

interface LoadedIndex {
  readonly index: PlanIndex;
  /** Lines that are not in the file. */
  readonly added: readonly string[];
  /** Runs that have a line and no folder. */
  readonly gone: readonly string[];
}

async function load(folderOfJob: string): Promise<LoadedIndex> {
  const runIds = await listRunIds(folderOfJob);
  const lines = await readLines(planIndexFile(folderOfJob));
  const known = new Set(runIds);
  const gone = [...lines.keys()].filter((runId) => !known.has(runId));
  const unknown = runIds.filter((runId) => !lines.has(runId));
  const added: string[] = [];
  for (let start = 0; start < unknown.length; start += READ_AT_ONCE) {
    const some = unknown.slice(start, start + READ_AT_ONCE);
    const plans = await Promise.all(some.map((runId) => readPlanSummary(runPaths(folderOfJob, runId))));
    for (const [at, plan] of plans.entries()) {
      const runId = some[at];
      if (plan === undefined || runId === undefined) continue;
      added.push(lineOf(runId, plan));
      lines.set(runId, lineOf(runId, plan));
    }
  }
  return { index: new PlanIndex(runIds, lines), added, gone };
}

async function readLines(path: string): Promise<Map<string, string>> {
  const lines = new Map<string, string>();
  for (const line of (await textOf(path)).split('\n')) {
    if (!line.startsWith(LINE_START) || !line.endsWith(LINE_END)) continue;
    lines.set(line.slice(LINE_START.length, LINE_START.length + RUN_ID_CHARACTERS), line);
  }
  return lines;
}

/** Whatever is wrong with the file, it counts as not being there. */
async function textOf(path: string): Promise<string> {
  try {
    await fetchContent(path);
    return await readFile(path, 'utf8');
  } catch {
    return '';
  }
}

function lineOf(runId: string, plan: PlanSummary): string {
  return `${LINE_START}${runId}","plan":${JSON.stringify(plan)}${LINE_END}`;
}

function fileText(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
