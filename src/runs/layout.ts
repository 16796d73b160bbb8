import { join } from 'node:path';

/** The folder of a job below the output root. */
export function jobFolder(root: string, job: string): string {
  return join(root, job);
}

export function runsFolder(folderOfJob: string): string {
  return join(folderOfJob, 'runs');
}

/** Where folders of runs go before they are deleted, so that a run is never half there. */
export function trashFolder(folderOfJob: string): string {
  return join(folderOfJob, 'trash');
}

/** Names the published run. */
export function currentFile(folderOfJob: string): string {
  return join(folderOfJob, 'current');
}

/** Names the run that answers for a share of the keys, where there is one. */
export function canaryFile(folderOfJob: string): string {
  return join(folderOfJob, 'canary.json');
}

/** Names the job that the folder holds a candidate of, where it is not the folder of a job. */
export function candidateNameFile(folderOfJob: string): string {
  return join(folderOfJob, 'candidate-of.json');
}

/** In a bucket: which run was published under which token. */
export function pointersFolder(folderOfJob: string): string {
  return join(folderOfJob, 'published');
}

/** What was measured of batch sizes: the next run does not measure again. */
export function batchSizesFile(folderOfJob: string): string {
  return join(folderOfJob, 'batch-sizes.json');
}

/** What the plans of the job's runs say: it may be deleted at any time. */
export function planIndexFile(folderOfJob: string): string {
  return join(folderOfJob, 'plans.jsonl');
}

/** Models as the tree engine has compiled them. What is missing is compiled again. */
export function enginesFolder(folderOfJob: string): string {
  return join(folderOfJob, 'engines');
}

/** Which actuals the job's runs were last compared with: it may be deleted at any time. */
export function accuracyFile(folderOfJob: string): string {
  return join(folderOfJob, 'accuracy.json');
}

export function locksFolder(folderOfJob: string): string {
  return join(folderOfJob, 'locks');
}

/** When the job's schedule was first seen, and what it said. */
export function scheduleFile(folderOfJob: string): string {
  return join(folderOfJob, 'schedule.json');
}

/** Says that the job's schedule is paused, where it is. */
export function pauseFile(folderOfJob: string): string {
  return join(folderOfJob, 'pause.json');
}

/** What became of the scheduled occurrences. */
export function occurrencesFolder(folderOfJob: string): string {
  return join(folderOfJob, 'occurrences');
}

/** `20261121T000000Z` for an occurrence, which is a whole second. */
export function occurrenceStamp(occurrence: Date): string {
  return `${occurrence.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

/** The instant that {@link occurrenceStamp} names, in milliseconds; NaN: it is another text. */
export function stampedTime(stamp: string): number {
  return Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}

/** The part of a shard, relative to the run's folder: as records and manifests name it. */
export function partName(shard: number): string {
  return `parts/part-${digits(shard)}.parquet`;
}

/** The rejects of a shard, relative to the run's folder. */
export function rejectsName(shard: number): string {
  return `rejects/part-${digits(shard)}.parquet`;
}

/** Where everything of one run lies. */
export interface RunPaths {
  readonly runId: string;
  readonly folder: string;
  readonly plan: string;
  /** What its commands and their children said, JSON lines. */
  readonly log: string;
  /** A list of shards that were handed out, from 1. */
  dispatch(round: number): string;
  shardRecord(shard: number): string;
  part(shard: number): string;
  rejects(shard: number): string;
  /** Every Parquet file in it holds rejects of the run. */
  readonly rejectsFolder: string;
  /** Rows that could not be split into columns. */
  readonly stagingRejects: string;
  /** Rows that cannot be told old from new. */
  readonly unorderedRejects: string;
  /** Of a job that takes files: all that are taken once the run is committed. */
  readonly taken: string;
  /** Of a job with `lateness`: which rows within it are taken once the run is committed. */
  readonly takenRows: string;
  /** Features of some rows, for gates and comparisons. */
  readonly sample: string;
  /** How good the run was: a record for each version of the actuals. */
  readonly accuracy: string;
  /** The typed copy of an input that is not Parquet. */
  readonly staged: string;
  /** Where the folder of `staged` goes once the run is committed, for a job that is answered live. */
  readonly keptInput: string;
  /** Its presence means that the run is committed. */
  readonly manifest: string;
  readonly success: string;
  readonly published: string;
  readonly failure: string;
  readonly rolledBack: string;
  /** Its presence means that readers are not to see the run before somebody publishes it. */
  readonly candidate: string;
  /** Scratch space; nothing in it outlives the run. */
  readonly temp: string;
  /** In it: typed copies of the tables beside the input, which every worker of the run reads. */
  readonly tableCopies: string;
}

/** Paths only: nothing is read or made. */
export function runPaths(folderOfJob: string, runId: string): RunPaths {
  const folder = join(runsFolder(folderOfJob), runId);
  return {
    runId,
    folder,
    plan: join(folder, 'plan.json'),
    log: join(folder, 'log.jsonl'),
    dispatch: (round) => join(folder, 'dispatch', `${String(round).padStart(4, '0')}.json`),
    shardRecord: (shard) => join(folder, 'shards', `${digits(shard)}.json`),
    part: (shard) => join(folder, partName(shard)),
    rejects: (shard) => join(folder, rejectsName(shard)),
    rejectsFolder: join(folder, 'rejects'),
    stagingRejects: join(folder, 'rejects', 'staging.parquet'),
    unorderedRejects: join(folder, 'rejects', 'unordered.parquet'),
    taken: join(folder, 'taken.json'),
    takenRows: join(folder, 'taken.parquet'),
    sample: join(folder, 'sample.parquet'),
    accuracy: join(folder, 'accuracy'),
    staged: join(folder, 'staged', 'input.parquet'),
    keptInput: join(folder, 'input', 'input.parquet'),
    manifest: join(folder, 'run.json'),
    success: join(folder, '_SUCCESS'),
    published: join(folder, 'published.json'),
    failure: join(folder, 'failure.json'),
    rolledBack: join(folder, 'rolled-back.json'),
    candidate: join(folder, 'candidate.json'),
    temp: join(folder, 'tmp'),
    tableCopies: join(folder, 'tmp', 'tables'),
  };
}

/** Five digits at least, so that names sort as numbers do. */
function digits(shard: number): string {
  return String(shard).padStart(5, '0');
}
