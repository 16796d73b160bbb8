import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunRecord } from '../../src/runs/run-record.ts';
import type { DataFolder } from '../data/data-folder.ts';
import { type MeasuredCommand, measureCommand } from '../measure/measure-command.ts';
import type { Measurement } from '../measure/measurement.ts';
import { SERVE_BATCH } from '../repository.ts';
import { JOB, type ProjectContent, writeProject } from './project.ts';

/** The record as `--json` prints it; a version of serve-batch may leave out the field. */
export type PrintedRecord = RunRecord & {
  /** Seconds from the start of the process to the first row scored. */
  readonly firstRowSeconds?: number | null;
};

export interface RunRequest extends ProjectContent {
  readonly rows: number;
  /** More flags of `serve-batch run`. */
  readonly flags: readonly string[];
}

/** A whole `serve-batch run`, from nothing to published, in a project of its own that is deleted after it. */
export async function measureRun(data: DataFolder, request: RunRequest): Promise<Measurement> {
  const folder = await data.workFolder();
  try {
    await writeProject(folder, request);
    const measured = await serveBatch(folder, ['run', ...request.flags]);
    return await runMeasurement(folder, measured, request.rows);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Starts the built command line in a project; `--json` is added. */
export function serveBatch(folder: string, args: readonly string[]): Promise<MeasuredCommand> {
  return measureCommand({
    program: process.execPath,
    args: [SERVE_BATCH, ...args, '--json'],
    cwd: folder,
  });
}

async function runMeasurement(folder: string, measured: MeasuredCommand, rows: number): Promise<Measurement> {
  const record = JSON.parse(measured.stdout) as PrintedRecord;
  if (record.rowsOut !== rows) throw new Error(`serve-batch scored ${record.rowsOut} rows of ${rows}.`);
  const { wallSeconds, cpuSeconds, memory } = measured;
  const shards = await shardTimes(join(folder, 'out', JOB, 'runs', record.runId, 'shards'));
  return {
    rows,
    wallSeconds,
    cpuSeconds,
    memory,
    details: {
      ...stageDetails(record),
      firstRowSeconds: record.firstRowSeconds ?? null,
      // When the first shard began and the last ended, seen from outside.
      firstShardSeconds: shards === null ? null : (shards.startMs - measured.startedMs) / 1000,
      tailSeconds: shards === null ? null : (measured.endedMs - shards.endMs) / 1000,
      outputBytes: record.output.bytes,
    },
  };
}

/** Seconds of work by stage, summed over the processes. */
export function stageDetails({ stages }: PrintedRecord): Measurement['details'] {
  return Object.fromEntries(Object.entries(stages).map(([stage, seconds]) => [`${stage}Seconds`, seconds]));
}

/** When the first shard began and the last ended, by the records of the shards. Null where there are none. */
async function shardTimes(folder: string): Promise<{ startMs: number; endMs: number } | null> {
  const names = await readdir(folder).catch(() => []);
  const records = await Promise.all(
    names
      .filter((name) => name.endsWith('.json'))
      .map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as ShardInstants),
  );
  if (records.length === 0) return null;
  return {
    startMs: Math.min(...records.map(({ startedAt }) => Date.parse(startedAt))),
    endMs: Math.max(...records.map(({ finishedAt }) => Date.parse(finishedAt))),
  };
}

interface ShardInstants {
  readonly startedAt: string;
  readonly finishedAt: string;
}
