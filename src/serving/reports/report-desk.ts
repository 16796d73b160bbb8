import type { Clock } from '../../core/effects.ts';
import { ShortCache } from '../short-cache.ts';
import type { ReportRequest } from './report-messages.ts';

export interface ReportDeskOptions {
  readonly make: (request: ReportRequest) => Promise<string>;
  readonly clock: Clock;
}

/** The one that is made included: it may take a core and a gigabyte. */
const MOST_WANTED = 6;
/** As long as a report stays right: what it says of the run's status may change. */
const KEEP_MS = 60_000;
const MOST_KEPT = 10;

/** Where browsers get reports: one is made at a time, and those who want the same one share it. */
export class ReportDesk {
  readonly #make: ReportDeskOptions['make'];
  readonly #kept: ShortCache<string>;
  #line: Promise<unknown> = Promise.resolve();
  #wanted = 0;

  constructor({ make, clock }: ReportDeskOptions) {
    this.#make = make;
    this.#kept = new ShortCache({ clock, keepMs: KEEP_MS, most: MOST_KEPT });
  }

  /** Null: as many are wanted as can wait. Throws what making it throws. */
  async page(request: ReportRequest): Promise<string | null> {
    const key = JSON.stringify([request.folderOfJob, request.runId]);
    if (!this.#kept.has(key) && this.#wanted >= MOST_WANTED) return null;
    return this.#kept.get(key, () => this.#inTurn(request));
  }

  async #inTurn(request: ReportRequest): Promise<string> {
    this.#wanted++;
    const page = this.#line.then(() => this.#make(request));
    this.#line = page.catch(() => {});
    try {
      return await page;
    } finally {
      this.#wanted--;
    }
  }
}
