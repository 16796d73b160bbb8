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
    if (this.#prepared.length === 0) this.#prepared.push(startChild());
  }

  readonly start = (options: WorkersOptions): OwnedWorkers =>
    new ChildPool(options, () => this.#takePrepared() ?? startChild());

  async close(): Promise<void> {
    await Promise.all(this.#prepared.splice(0).map((child) => child.end()));
  }

  #takePrepared(): Child | undefined {
    const child = this.#prepared.pop();
    return child === undefined || child.isAlive ? child : this.#takePrepared();
  }
}

/** Workers that nobody prepared. */
export const startChildren = new ChildProcesses().start;
