import { Worker } from 'node:worker_threads';
import { type CopiedPiece, type CopySpec, GroupCopier, type PieceTask } from './group-copier.ts';

/** Who copies pieces: as many at a time as there are threads. */
export interface Copiers {
  readonly atOnce: number;
  copy(task: PieceTask): Promise<CopiedPiece | null>;
  close(): Promise<void>;
}

/** Small files, for which no thread is worth its start. */
export function ownCopier(spec: CopySpec): Copiers {
  const copier = new GroupCopier(spec);
  return { atOnce: 1, copy: async (task) => copier.copy(task), close: async () => {} };
}

export function threadCopiers(spec: CopySpec, threads: number): Copiers {
  const workers = Array.from({ length: threads }, () => new CopyThread(spec));
  return {
    atOnce: threads,
    async copy(task) {
      const quietest = workers.reduce((best, each) => (each.waiting < best.waiting ? each : best));
      return quietest.copy(task);
    },
    async close() {
      await Promise.all(workers.map((each) => each.close()));
    },
  };
}

interface Waiting {
  readonly resolve: (group: CopiedPiece | null) => void;
  readonly reject: (error: unknown) => void;
}

class CopyThread {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  /** Why it copies nothing any more. */
  #failure: { readonly error: unknown } | null = null;

  constructor(workerData: CopySpec) {
    this.#worker = new Worker(new URL('./copy-thread.js', import.meta.url), { workerData });
    this.#worker.on('message', (group: CopiedPiece | null) => this.#waiting.shift()?.resolve(group));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('A thread that copies CSV ended')));
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  copy(task: PieceTask): Promise<CopiedPiece | null> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure.error);
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(task);
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
