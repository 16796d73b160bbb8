import type { OwnedWorkers, WorkerSource, WorkersOptions } from '../tasks/workers.ts';
import { ChildPool } from './child-pool.ts';
import type { Child } from './child-process.ts';
import { startChild } from './start-child.ts';

/** Workers that are child processes of this one. */
export class ChildProcesses implements WorkerSource {
  readonly #prepared: Child[];

  /** `early`: one that was started before. */
  constructor(early?: Child) {
    this.#prepared = early === undefined ? [] : [early];
  }

  prepare(): void {
    if (this.#prepared.length === 0) this.#prepared.push(startChild({ usesTls: false }));
  }

  readonly start = (options: WorkersOptions): OwnedWorkers => {
    const { usesTls = true } = options;
    return new ChildPool(options, () => this.#takePrepared(usesTls) ?? startChild({ usesTls }));
  };

  async close(): Promise<void> {
    await Promise.all(this.#prepared.splice(0).map((child) => child.end()));
  }

  #takePrepared(usesTls: boolean): Child | undefined {
    const child = this.#prepared.pop();
    if (child === undefined) return undefined;
    if (child.isAlive && (child.usesTls || !usesTls)) return child;
    // It has had no task: it ends at once.
    void child.end();
    return this.#takePrepared(usesTls);
  }
}

/** Workers that nobody prepared. */
export const startChildren = new ChildProcesses().start;
