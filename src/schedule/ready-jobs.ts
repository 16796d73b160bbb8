import type { LostStore } from '../jobs/publish/store-state.ts';
import { LEEWAY_MS } from './due/first-sight.ts';
import type { ScheduledJob } from './schedule-effects.ts';

/** An occurrence that may start, or a store that is to be loaded again. */
export interface Ready {
  readonly job: ScheduledJob;
  readonly work: ReadyWork;
}

export type ReadyWork =
  | { readonly kind: 'run'; readonly occurrence: Date }
  | { readonly kind: 'mend'; readonly lost: LostStore };

interface Entry {
  readonly job: ScheduledJob;
  /** One at most, however many are due. */
  readonly occurrence: Date | null;
  readonly lost: LostStore | null;
}

/** What the newest looks at each job and at its store found. */
export class ReadyJobs {
  readonly #jobs = new Map<string, Entry>();
  /** When a job was started last, counted in starts: those that had no turn for longest go first. */
  readonly #turns = new Map<string, number>();
  #starts = 0;

  /** How many jobs there are. */
  get known(): number {
    return this.#jobs.size;
  }

  has(name: string): boolean {
    return this.#jobs.has(name);
  }

  /** Those that wait for a job: `schedule.after`. */
  after(name: string): readonly ScheduledJob[] {
    const jobs = [...this.#jobs.values()].map(({ job }) => job);
    return jobs.filter(({ schedule }) => schedule.after.includes(name));
  }

  keepOnly(jobs: readonly ScheduledJob[]): void {
    const names = new Set(jobs.map(({ spec }) => spec.name));
    for (const name of [...this.#jobs.keys()])
      if (!names.has(name)) {
        this.#jobs.delete(name);
        this.#turns.delete(name);
      }
    for (const job of jobs) if (!this.#jobs.has(job.spec.name)) this.#change(job, {});
  }

  /** Null: nothing of it is due. */
  setOccurrence(job: ScheduledJob, occurrence: Date | null): void {
    this.#change(job, { occurrence });
  }

  /** Null: it shows the published run, as far as it was looked at. */
  setLost(job: ScheduledJob, lost: LostStore | null): void {
    this.#change(job, { lost });
  }

  /** It has to be looked at again before it may start once more. */
  started(job: ScheduledJob): void {
    this.#change(job, { occurrence: null, lost: null });
    this.#turns.set(job.spec.name, ++this.#starts);
  }

  /**
   * Those that are in time go before what is caught up: a job that was down for a week keeps no other from
   * its minute. Of those caught up, each job has its turn. A store that readers look into in vain counts as in
   * time, and goes first.
   */
  inOrder(now: Date): readonly Ready[] {
    const dueAt = ({ work }: Ready): number => (work.kind === 'run' ? work.occurrence.getTime() : 0);
    const isLate = (each: Ready): boolean => each.work.kind === 'run' && !isInTime(each.work.occurrence, now);
    const lastTurn = ({ job }: Ready): number => this.#turns.get(job.spec.name) ?? 0;
    return [...this.#jobs.values()]
      .flatMap(readyOf)
      .sort(
        (a, b) => Number(isLate(a)) - Number(isLate(b)) || lastTurn(a) - lastTurn(b) || dueAt(a) - dueAt(b),
      );
  }

  #change(job: ScheduledJob, changes: Partial<Omit<Entry, 'job'>>): void {
    const { occurrence = null, lost = null } = this.#jobs.get(job.spec.name) ?? {};
    this.#jobs.set(job.spec.name, { occurrence, lost, ...changes, job });
  }
}

export function isInTime(occurrence: Date, now: Date): boolean {
  return now.getTime() - occurrence.getTime() <= LEEWAY_MS;
}

function readyOf({ job, occurrence, lost }: Entry): readonly Ready[] {
  if (lost !== null) return [{ job, work: { kind: 'mend', lost } }];
  return occurrence === null ? [] : [{ job, work: { kind: 'run', occurrence } }];
}
