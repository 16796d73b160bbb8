import type { ScheduleSpec } from '../config/sections/schedule.ts';
import type { ServingSpec } from '../config/sections/serving.ts';
import { ServeBatchError } from '../core/errors.ts';
import { suggestion } from '../core/text/nearest.ts';
import type { ServedJob } from './served-job.ts';

/** What is known of a job that is answered for. */
export interface JobSource {
  readonly name: string;
  readonly description: string | null;
  /** With its password. */
  readonly storeUrl: string;
  /** Where its runs are; they need not be at hand. */
  readonly folderOfJob: string;
  readonly serving: ServingSpec;
  /** Null: it runs by hand, or nothing is known of it but its store. */
  readonly schedule: ScheduleSpec | null;
}

/** A job that is open, until it is closed. */
export interface OpenJob {
  readonly job: ServedJob;
  close(): Promise<void>;
}

interface Entry extends OpenJob {
  readonly source: JobSource;
  /** Requests under way. */
  users: number;
  isRetired: boolean;
}

/**
 * The jobs of a server. They may be replaced at any time: a request that has begun ends with the job that it
 * began with, and only then is that one's store closed.
 */
export class ServedJobs {
  readonly #open: (source: JobSource) => OpenJob;
  #entries: ReadonlyMap<string, Entry> = new Map();

  constructor(open: (source: JobSource) => OpenJob) {
    this.#open = open;
  }

  get sources(): readonly JobSource[] {
    return [...this.#entries.values()].map(({ source }) => source);
  }

  get jobs(): readonly ServedJob[] {
    return [...this.#entries.values()].map(({ job }) => job);
  }

  /** For what takes no waiting: a job may be closed in the next turn. */
  peek(name: string): ServedJob | undefined {
    return this.#entries.get(name)?.job;
  }

  /** Throws `NOT_FOUND` for a job that is not served. */
  async use<T>(name: string, action: (job: ServedJob, source: JobSource) => Promise<T>): Promise<T> {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw this.#unknown(name);
    entry.users++;
    try {
      return await action(entry.job, entry.source);
    } finally {
      entry.users--;
      if (entry.isRetired && entry.users === 0) await entry.close();
    }
  }

  /** Serves these from now on. Those that have not changed stay open. */
  async replace(sources: readonly JobSource[]): Promise<void> {
    const before = this.#entries;
    const next = new Map<string, Entry>();
    for (const source of sources) {
      const old = before.get(source.name);
      const stays = old !== undefined && JSON.stringify(old.source) === JSON.stringify(source);
      next.set(source.name, stays ? old : { ...this.#open(source), source, users: 0, isRetired: false });
    }
    this.#entries = next;
    for (const [name, entry] of before) if (next.get(name) !== entry) await retire(entry);
  }

  async close(): Promise<void> {
    await this.replace([]);
  }

  #unknown(name: string): ServeBatchError {
    const names = [...this.#entries.keys()];
    return new ServeBatchError(
      'NOT_FOUND',
      `No such job is served here.${suggestion(name, names)} GET /v1/jobs lists those that are.`,
      { fields: { field: 'job' } },
    );
  }
}

async function retire(entry: Entry): Promise<void> {
  entry.isRetired = true;
  if (entry.users === 0) await entry.close();
}
