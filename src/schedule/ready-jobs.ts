import type { LostStore } from '../jobs/publish/store-state.ts';
import { LEEWAY_MS } from './first-sight.ts';
import type { ScheduledJob } from './schedule-effects.ts';

/** An occurrence that may start, or a store that is to be loaded again. */
export interface Ready {
  readonly job: ScheduledJob;
  readonly work: ReadyWork;
}

export type ReadyWork =
  | { readonly kind: 'run'; readonly occurrence: Date }
  | { readonly kind: 'mend'; readonly lost: LostStore };

/** What the newest look at each job found: one occurrence at most, however many are due. */
export class ReadyJobs {
  readonly #ready = new Map<string, Ready | null>();
  /** When a job was started last: those that had no turn for longest go first. */
  readonly #startedAt = new Map<string, number>();

  /** How many jobs there are. */
  get known(): number {
    return this.#ready.size;
  }

  keepOnly(jobs: readonly ScheduledJob[]): void {
    const names = new Set(jobs.map(({ spec }) => spec.name));
    for (const name of [...this.#ready.keys()])
      if (!names.has(name)) {
        this.#ready.delete(name);
        this.#startedAt.delete(name);
      }
    for (const name of names) if (!this.#ready.has(name)) this.#ready.set(name, null);
  }

  set(job: ScheduledJob, work: ReadyWork | null): void {
    this.#ready.set(job.spec.name, work === null ? null : { job, work });
  }

  /** It has to be looked at again before it may start once more. */
  started(job: ScheduledJob, now: Date): void {
    this.#ready.set(job.spec.name, null);
    this.#startedAt.set(job.spec.name, now.getTime());
  }

  /**
   * Those that are in time go before what is caught up: a job that was down for a week keeps no other from
   * its minute. Of those caught up, each job has its turn. A store that readers look into in vain counts as in
   * time, and goes first.
   */
  inOrder(now: Date): readonly Ready[] {
    const dueAt = ({ work }: Ready): number => (work.kind === 'run' ? work.occurrence.getTime() : 0);
    const isInTime = (each: Ready): boolean =>
      each.work.kind === 'mend' || now.getTime() - dueAt(each) <= LEEWAY_MS;
    const lastTurn = ({ job }: Ready): number => this.#startedAt.get(job.spec.name) ?? 0;
    return [...this.#ready.values()]
      .flatMap((each) => each ?? [])
      .sort(
        (a, b) =>
          Number(isInTime(b)) - Number(isInTime(a)) || lastTurn(a) - lastTurn(b) || dueAt(a) - dueAt(b),
      );
  }
}
