import type { Clock } from '../../../core/effects.ts';
import { inParallel } from '../../../runs/in-parallel.ts';
import { listRuns } from '../../../runs/list/run-list.ts';
import type { RunSummary } from '../../../runs/list/run-summary.ts';
import type { ServedJob } from '../../served-job.ts';
import type { JobSource, ServedJobs } from '../../served-jobs.ts';
import { ShortCache } from '../../short-cache.ts';
import { type JobFacts, readJob } from './read-job.ts';
import { type RunFacts, readRun } from './read-run.ts';

/** Of one page. */
const JOBS = 50;
const RUNS = 30;
/** Jobs that are read at the same time: requests for predictions are answered in between. */
const READ_AT_ONCE = 2;
/** However often a page is loaded, files are read once in so long. */
const KEEP_MS = 3_000;
const MOST_KEPT = 200;

export interface PageOfJobs {
  readonly jobs: readonly JobFacts[];
  /** Of all jobs, from 0: where those of this page begin; how many a page has, and how many there are. */
  readonly start: number;
  readonly size: number;
  readonly total: number;
}

export interface PageOfRuns {
  /** Newest first. */
  readonly runs: readonly RunSummary[];
  readonly hasOlder: boolean;
  readonly isFirst: boolean;
}

/** Reads what pages show, from the small files of runs: no parts, and nothing twice within a moment. */
export class PageReader {
  readonly #jobs: ServedJobs;
  readonly #clock: Clock;
  readonly #facts: ShortCache<JobFacts>;
  readonly #runs: ShortCache<PageOfRuns>;

  constructor(jobs: ServedJobs, clock: Clock) {
    this.#jobs = jobs;
    this.#clock = clock;
    const options = { clock, keepMs: KEEP_MS, most: MOST_KEPT };
    this.#facts = new ShortCache(options);
    this.#runs = new ShortCache(options);
  }

  async jobs(start: number): Promise<PageOfJobs> {
    const names = this.#jobs.sources.map(({ name }) => name);
    const shown = names.slice(start, start + JOBS);
    const facts = new Map<string, JobFacts>();
    await inParallel(shown, READ_AT_ONCE, async (name) => {
      const read = await this.#jobs.use(name, (job, source) => this.job(job, source));
      facts.set(name, read);
    });
    return {
      jobs: shown.flatMap((name) => facts.get(name) ?? []),
      start,
      size: JOBS,
      total: names.length,
    };
  }

  job(job: ServedJob, source: JobSource): Promise<JobFacts> {
    return this.#facts.get(keyOf(source), () => readJob(job, source, this.#clock));
  }

  /** @param before a run: those older than it; null: the newest */
  runs(source: JobSource, before: string | null): Promise<PageOfRuns> {
    return this.#runs.get(`${keyOf(source)}\n${before ?? ''}`, async () => {
      const filter = { limit: RUNS + 1, ...(before === null ? {} : { before }) };
      const found = await listRuns(source.folderOfJob, this.#clock, filter);
      return { runs: found.slice(0, RUNS), hasOlder: found.length > RUNS, isFirst: before === null };
    });
  }

  run({ folderOfJob }: JobSource, runId: string): Promise<RunFacts> {
    return readRun(folderOfJob, runId, this.#clock);
  }
}

/** A job whose file has changed is another one. */
function keyOf(source: JobSource): string {
  return JSON.stringify(source);
}
