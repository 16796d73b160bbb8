import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { runPaths } from '../../src/runs/layout.ts';
import { readCurrent, wasPublished, wasRolledBack } from '../../src/runs/publication.ts';
import { type Bench, giveSlice, type JobName, type Slice } from './bench.ts';
import type { Moment } from './options.ts';

/** A command that is struck, and what it has to leave in the end. */
export interface Attempt {
  readonly job: JobName;
  readonly args: readonly string[];
  /** What the run has taken that readers see once the command is through. */
  readonly slice: Slice;
  /** The run that they see then; null: a new one. */
  readonly runId: string | null;
  /** The run that they see before. */
  readonly before: string | null;
}

/** Null: nothing can be done of this kind just now. */
export type Prepare = (bench: Bench) => Promise<Attempt | null>;

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** An occurrence is owed that long after it came, where its schedule was not seen before. */
const OWED_MINUTES = 8;

export const PREPARE: Readonly<Record<Moment, Prepare>> = {
  run: async (bench) => newRun(bench, 'sales', ['run', 'sales']),

  async publish(bench) {
    const other = await otherRun(bench);
    return other === null ? null : existing(bench, other, ['publish', other]);
  },

  /** To the run before. Where there is none any more, the run that was rolled back is published first. */
  async rollback(bench) {
    let to = await runBefore(bench);
    if (to === null) {
      const other = await otherRun(bench);
      if (other === null || (await bench.project.serveBatch(['publish', other])).code !== 0) return null;
      to = await runBefore(bench);
    }
    return to === null ? null : existing(bench, to, ['rollback', 'sales', to]);
  },

  async prune(bench) {
    const folder = bench.project.path('out/sales');
    const current = await readCurrent(folder);
    if (current === undefined) return null;
    for (const second of [1, 2, 3]) await copyRun(bench, current, `20200101T00000${second}Z-aaaa`);
    return existing(bench, current, ['runs', 'prune', '--job', 'sales', '--keep', '3', '--store']);
  },

  async tick(bench) {
    const minute = nextMinute(bench);
    if (minute === null) return null;
    const at = new Date(minute);
    const cron = `${at.getUTCMinutes()} ${at.getUTCHours()} * * *`;
    const file = bench.project.path('jobs/ticked.yaml');
    await writeFile(file, (await readFile(file, 'utf8')).replace(/cron: "[^"]*"/, `cron: "${cron}"`));
    return newRun(bench, 'ticked', ['tick', 'ticked']);
  },

  async backfill(bench) {
    const day = new Date(Date.UTC(2020, 0, 1) + nextDay(bench) * DAY_MS).toISOString().slice(0, 10);
    return newRun(bench, 'filled', ['backfill', 'filled', '--from', day, '--to', day]);
  },
};

async function newRun(bench: Bench, job: JobName, args: readonly string[]): Promise<Attempt> {
  const before = (await bench.project.published(job))?.runId ?? null;
  return { job, args, slice: await giveSlice(bench, job), runId: null, before };
}

async function existing(bench: Bench, runId: string, args: readonly string[]): Promise<Attempt> {
  const before = (await bench.project.published('sales'))?.runId ?? null;
  const slice = bench.contentOf.get(runId)?.slice;
  if (slice === undefined) throw new Error(`nobody knows what ${runId} has taken`);
  return { job: 'sales', args, slice, runId, before };
}

/** The first runs of an incremental job lack series: readers would miss them. */
function isWhole({ contentOf }: Bench, runId: string): boolean {
  return contentOf.get(runId)?.values.every((value) => value !== undefined) ?? false;
}

/** The newest committed run that readers do not see. */
async function otherRun(bench: Bench): Promise<string | null> {
  const { project } = bench;
  const folder = project.path('out/sales');
  const current = await readCurrent(folder);
  for (const runId of (await project.runs()).reverse())
    if (runId !== current && isWhole(bench, runId) && (await wasPublished(runPaths(folder, runId))))
      return runId;
  return null;
}

/** The newest run older than the current one that a rollback may go to. */
async function runBefore(bench: Bench): Promise<string | null> {
  const { project } = bench;
  const folder = project.path('out/sales');
  const current = (await readCurrent(folder)) ?? '';
  for (const runId of (await project.runs()).reverse()) {
    const paths = runPaths(folder, runId);
    if (runId >= current || !isWhole(bench, runId) || (await wasRolledBack(paths))) continue;
    if (await wasPublished(paths)) return runId;
  }
  return null;
}

async function copyRun({ project }: Bench, from: string, to: string): Promise<void> {
  const folder = project.path('out/sales/runs', to);
  await cp(project.path('out/sales/runs', from), folder, { recursive: true });
  for (const name of (await readdir(folder)).filter((each) => each.endsWith('.json'))) {
    const path = `${folder}/${name}`;
    await writeFile(path, (await readFile(path, 'utf8')).replaceAll(from, to));
  }
}

const days = new Map<Bench, number>();
function nextDay(bench: Bench): number {
  const day = (days.get(bench) ?? -1) + 1;
  days.set(bench, day);
  return day;
}

const minutes = new Map<Bench, number>();
/** A minute of the last few that this bench has had no occurrence at; null: it has to come yet. */
function nextMinute(bench: Bench): number | null {
  const now = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
  const minute = Math.max(now - OWED_MINUTES * MINUTE_MS, (minutes.get(bench) ?? 0) + MINUTE_MS);
  if (minute > now) return null;
  minutes.set(bench, minute);
  return minute;
}
