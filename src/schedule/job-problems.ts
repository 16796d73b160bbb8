import type { Log } from '../core/effects.ts';
import { compareText } from '../runs/list/run-folders.ts';

/** What is wrong with a job, in words. */
export interface JobProblem {
  readonly job: string;
  readonly problem: string;
}

/** Where a problem shows: another look there says when it is over. */
type Place = 'file' | 'look' | 'store' | 'score' | 'forget' | 'note' | 'run' | 'mend';

/** What is wrong with the jobs of a scheduler now: said when it is found, and shown until it is over. */
export class JobProblems {
  readonly #log: Log;
  readonly #known = new Map<string, JobProblem & { readonly place: Place }>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** By job. */
  get all(): readonly JobProblem[] {
    return [...this.#known.values()]
      .map(({ job, problem }) => ({ job, problem }))
      .sort((a, b) => compareText(a.job, b.job));
  }

  /** Says it once: it may be found at every look. */
  say(place: Place, job: string, problem: string): void {
    if (this.#known.get(`${place} ${job}`)?.problem === problem) return;
    this.show(place, job, problem);
    this.#log.warn(problem, { job });
  }

  /** Shows what somebody else has said. */
  show(place: Place, job: string, problem: string): void {
    this.#known.set(`${place} ${job}`, { place, job, problem });
  }

  isOver(place: Place, job: string): void {
    this.#known.delete(`${place} ${job}`);
  }

  /** What was wrong in a place with jobs other than these is over. */
  keepOnly(place: Place, jobs: ReadonlySet<string>): void {
    for (const [key, each] of this.#known)
      if (each.place === place && !jobs.has(each.job)) this.#known.delete(key);
  }
}
