import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { RunRecord } from '../../src/runs/record/run-record.ts';
import { cleanUpLater } from './clean-ups.ts';
import { type CliOptions, type CliResult, REPOSITORY, type RunningCli, startServeBatch } from './cli.ts';

/** A folder of a user: jobs, data, and what the commands make of them. */
export interface Project {
  readonly folder: string;
  path(...names: string[]): string;
  write(name: string, content: string | Uint8Array): Promise<string>;
  /** In the process of the tests. */
  serveBatch(args: readonly string[], options?: Omit<CliOptions, 'cwd'>): Promise<CliResult>;
  /** In a process of its own, for what needs one: signals, kills, limits, streams. */
  start(args: readonly string[], options?: Omit<CliOptions, 'cwd'>): RunningCli;
  /** As {@link start}, and waits for the end. */
  inOwnProcess(args: readonly string[], options?: Omit<CliOptions, 'cwd'>): Promise<CliResult>;
  /** Runs with --json, expects exit code 0 and returns the record. */
  run(args: readonly string[], options?: Omit<CliOptions, 'cwd'>): Promise<RunRecord>;
  /** What readers of a job's folder see. */
  published(job?: string): Promise<PublishedRun | null>;
  /** Names of the runs of a job, oldest first. */
  runs(job?: string): Promise<string[]>;
}

/** A command that works on a run. */
export interface RunningRun extends RunningCli {
  readonly runId: string;
  readonly job: string;
}

export interface PublishedRun {
  readonly runId: string;
  readonly folder: string;
  readonly record: RunRecord;
}

export interface ProjectOptions {
  /** Job files by name; by default those of this repository. */
  readonly jobs?: Readonly<Record<string, string>>;
  /** Whether `fixtures/` is there; it is by default. */
  readonly fixtures?: boolean;
}

/** Makes a project in a folder of its own, which is deleted after the tests of the file. */
export async function makeProject({ jobs, fixtures = true }: ProjectOptions = {}): Promise<Project> {
  const folder = await temporaryFolder();
  if (fixtures) await symlink(join(REPOSITORY, 'fixtures'), join(folder, 'fixtures'));
  if (jobs === undefined) await cp(join(REPOSITORY, 'jobs'), join(folder, 'jobs'), { recursive: true });
  const project = projectIn(folder);
  for (const [name, text] of Object.entries(jobs ?? {})) await project.write(`jobs/${name}.yaml`, text);
  return project;
}

/** A job file without its section `publish`, which must be the last: for tests that want a job of the repository, changed. */
export function withoutGates(job: string): string {
  const at = job.indexOf('\npublish:\n');
  if (at === -1) throw new Error('The job has no gates');
  return job.slice(0, at + 1);
}

/** A folder that is deleted after the tests of the file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'serve-batch-test-')));
  cleanUpLater(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function projectIn(folder: string): Project {
  const path = (...names: string[]): string => join(folder, ...names);
  const call: Project['serveBatch'] = async (args, options) => {
    // Loads the whole program: most tests want no more of this file than a folder.
    const { serveBatchHere } = await import('./in-process.ts');
    return serveBatchHere(args, { ...options, cwd: folder });
  };
  return {
    folder,
    path,
    serveBatch: call,
    start: (args, options) => startServeBatch(args, { ...options, cwd: folder }),
    inOwnProcess: (args, options) => startServeBatch(args, { ...options, cwd: folder }).result,
    async write(name, content) {
      await mkdir(dirname(path(name)), { recursive: true });
      await writeFile(path(name), content);
      return name;
    },
    async run(args, options) {
      const result = await call(['run', ...args, '--json'], options);
      if (result.code !== 0)
        throw new Error(`run ${args.join(' ')} ended with ${result.code}: ${result.stderr}`);
      return JSON.parse(result.stdout) as RunRecord;
    },
    published: (job = 'sales') => readPublished(path('out', job)),
    runs: async (job = 'sales') => (await readdir(path('out', job, 'runs')).catch(() => [])).sort(),
  };
}

/** What a reader who knows only docs/output.md sees of a job's folder. */
export async function readPublished(folderOfJob: string): Promise<PublishedRun | null> {
  const runId = await readFile(join(folderOfJob, 'current'), 'utf8').then(
    (text) => text.trim(),
    () => null,
  );
  if (runId === null) return null;
  const folder = join(folderOfJob, 'runs', runId);
  const record = JSON.parse(await readFile(join(folder, 'run.json'), 'utf8')) as RunRecord;
  return { runId, folder, record };
}
