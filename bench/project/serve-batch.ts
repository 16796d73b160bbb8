import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunRecord } from '../../src/runs/record/run-record.ts';
import type { DataFolder } from '../data/data-folder.ts';
import { type MeasuredCommand, measureCommand } from '../measure/measure-command.ts';
import type { Measurement } from '../measure/measurement.ts';
import { SERVE_BATCH } from '../repository.ts';
import { JOB, type ProjectContent, writeProject } from './project.ts';

/** The record as `--json` prints it; a version of serve-batch may leave out the field. */
export type PrintedRecord = RunRecord & {
  /** Seconds from the start of the process to the first row scored. */
  readonly startedAt: string;
  /** Since `startedAt`. */
  readonly firstRowSeconds?: number | null;
};

export interface RunRequest extends ProjectContent {
  readonly rows: number;
  /** More flags of `serve-batch run`. */
  readonly flags: readonly string[];
}

/** A whole `serve-batch run`, from nothing to published, in a project of its own that is deleted after it. */
export function measureRun(data: DataFolder, request: RunRequest): Promise<Measurement> {
  return measureRunOf(data, (folder) => writeProject(folder, request), request);
}

/** The same in a folder in which a run used the model before: what a nightly job sees. */
export async function measureKnownRun(data: DataFolder, request: RunRequest): Promise<Measurement> {
  const { folder } = await commitRun(data, request);
  try {
    const measured = await serveBatch(folder, ['run', '--force', ...request.flags]);
    return await runMeasurement(folder, measured, request.rows);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The same of any project that `write` makes, with a job called {@link JOB}. */
export async function measureRunOf(
  data: DataFolder,
  write: (folder: string) => Promise<void>,
  request: Pick<RunRequest, 'rows' | 'flags'>,
): Promise<Measurement> {
  const folder = await data.workFolder();
  try {
    await write(folder);
    const measured = await serveBatch(folder, ['run', ...request.flags]);
    return await runMeasurement(folder, measured, request.rows);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A project with one committed run, to publish again and again. */
export interface CommittedRun {
  readonly folder: string;
  readonly runId: string;
  /** A glob over its parts. */
  readonly parts: string;
}

/** Runs the job once, unmeasured. Whoever asked for it removes the folder. */
export async function commitRun(data: DataFolder, request: RunRequest): Promise<CommittedRun> {
  const folder = await data.workFolder();
  await writeProject(folder, request);
  const { stdout } = await serveBatch(folder, ['run', ...request.flags]);
  const { runId } = JSON.parse(stdout) as PrintedRecord;
  return { folder, runId, parts: join(folder, 'out', JOB, 'runs', runId, 'parts', '*.parquet') };
}

/** `serve-batch publish` of a committed run whose store has been emptied: loads it again from the parts. */
export async function measurePublish({ folder, runId }: CommittedRun, rows: number): Promise<Measurement> {
  const { stdout, wallSeconds, cpuSeconds, memory } = await serveBatch(folder, ['publish', runId]);
  const record = JSON.parse(stdout) as PrintedRecord;
  if (record.kv?.values !== rows) throw new Error(`The store holds ${record.kv?.values} values of ${rows}.`);
  return { rows, wallSeconds, cpuSeconds, memory, details: {} };
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
  const shards = await readShards(join(folder, 'out', JOB, 'runs', record.runId, 'shards'));
  return {
    rows,
    wallSeconds,
    cpuSeconds,
    memory,
    details: {
      ...shardDetails(shards, measured),
      // Of the whole run: in the shards, between them and after them.
      stageSeconds: record.stages.stage,
      firstRowSeconds: firstRowAfter(record, measured.startedMs),
      outputBytes: record.output.bytes,
    },
  };
}

/** Seconds from the start of the process, which is some time before that of the run, to the first row scored. */
function firstRowAfter({ startedAt, firstRowSeconds }: PrintedRecord, startedMs: number): number | null {
  if (typeof firstRowSeconds !== 'number') return null;
  return (Date.parse(startedAt) - startedMs) / 1000 + firstRowSeconds;
}

/** What the benchmark reads of the commit record of a shard. */
interface CommittedShard {
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly seconds: Readonly<Record<string, number>>;
}

async function readShards(folder: string): Promise<readonly CommittedShard[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  return Promise.all(
    names.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as CommittedShard),
  );
}

/** Seconds of the shards, summed over the processes, and when the first began and the last ended, seen from outside. */
function shardDetails(
  shards: readonly CommittedShard[],
  { startedMs, endedMs }: MeasuredCommand,
): Measurement['details'] {
  const starts = shards.map(({ startedAt }) => Date.parse(startedAt));
  const ends = shards.map(({ finishedAt }) => Date.parse(finishedAt));
  const sum = (of: (shard: CommittedShard) => number): number =>
    shards.reduce((total, shard) => total + of(shard), 0);
  const stage = (name: string): number => sum(({ seconds }) => seconds[name] ?? 0);
  return {
    firstShardSeconds: (Math.min(...starts) - startedMs) / 1000,
    readSeconds: stage('read'),
    featuresSeconds: stage('features'),
    inferSeconds: stage('infer'),
    writeSeconds: stage('write'),
    shardSeconds: sum(({ startedAt, finishedAt }) => Date.parse(finishedAt) - Date.parse(startedAt)) / 1000,
    tailSeconds: (endedMs - Math.max(...ends)) / 1000,
  };
}
