import type { Plan } from '../../core/plan.ts';
import type { Session } from '../../inference/session.ts';
import { CallFailed, columnScorerOf } from './column-scorer.ts';
import { type PartRequest, type WritePart, writePartInBatches } from './write-part.ts';
import { writePartAtOnce } from './write-part-at-once.ts';

/** Plans of which this worker has seen a call fail: most likely others do, too. */
const FAILED = new WeakSet<Plan>();

/** How a part is written with a model: in one statement, or in batches. Both make the same part. */
export function writePartOf(session: Session, plan: Plan): WritePart {
  const atOnce = writePartInStatement(session, plan);
  if (atOnce === null) return writePartInBatches;
  return async (request) => {
    const progress = new Progress(request);
    try {
      return await atOnce({ ...request, onRows: progress.onRows });
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      return writePartInBatches({ ...request, onRows: progress.again() });
    }
  };
}

/** One statement for the part; null: there is none for this model. Throws `CallFailed`, too. */
export function writePartInStatement(session: Session, plan: Plan): WritePart | null {
  const scorer = FAILED.has(plan) ? null : columnScorerOf(session, plan);
  if (scorer === null) return null;
  const write = writePartAtOnce(scorer);
  return async (request) => {
    try {
      return await write(request);
    } catch (error) {
      if (error instanceof CallFailed) FAILED.add(plan);
      throw error;
    }
  };
}

/** Rows that are scored once more are told once. */
class Progress {
  readonly #tell: (rows: number) => void;
  #told = 0;

  constructor({ onRows }: Pick<PartRequest<unknown>, 'onRows'>) {
    this.#tell = onRows;
  }

  readonly onRows = (rows: number): void => {
    this.#told += rows;
    this.#tell(rows);
  };

  again(): (rows: number) => void {
    let known = this.#told;
    return (rows) => {
      const old = Math.min(known, rows);
      known -= old;
      if (rows > old) this.#tell(rows - old);
    };
  }
}
