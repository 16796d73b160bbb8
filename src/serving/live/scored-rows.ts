import { ServeBatchError, toServeBatchError } from '../../core/errors.ts';
import type { LiveAnswer } from '../../shard/live/live-question.ts';
import type { RowsBody } from '../../shard/live/posted-bodies.ts';
import type { RunReference } from '../../tasks/tasks.ts';
import type { Workers } from '../../tasks/workers.ts';

/** Rows of one piece: pieces of several bodies take turns. */
const PIECE_ROWS = 2_048;

/** What became of a posted row. */
export interface ScoredRow {
  /** From 1. */
  readonly row: number;
  readonly answer: LiveAnswer;
}

export interface ScoredRowsOptions {
  readonly workers: Workers;
  readonly run: RunReference;
  readonly onStart: () => void;
  readonly onEnd: () => void;
}

/** Scores the rows of one body piece by piece, the next one when the last is taken. */
export class ScoredRows {
  readonly #options: ScoredRowsOptions;

  constructor(options: ScoredRowsOptions) {
    this.#options = options;
  }

  /** Reads the body. Throws `USAGE` where it cannot be read. Whoever gets the pieces must iterate over them. */
  async open(body: RowsBody): Promise<AsyncIterable<readonly ScoredRow[]>> {
    const { workers, run, onStart, onEnd } = this.#options;
    onStart();
    try {
      const posted = await workers.run('live-post', { ...run, body });
      return this.#pieces(posted.post, posted.rows);
    } catch (error) {
      onEnd();
      throw publicFailure(error);
    }
  }

  async *#pieces(post: number, rows: number): AsyncGenerator<readonly ScoredRow[]> {
    const { workers, run, onEnd } = this.#options;
    try {
      for (let from = 0; from < rows; from += PIECE_ROWS) {
        const to = Math.min(rows, from + PIECE_ROWS);
        const answers = await workers.run('live-score', { ...run, post, from, to });
        yield answers.map((answer, index) => ({ row: from + index + 1, answer }));
      }
    } catch (error) {
      throw publicFailure(error);
    } finally {
      onEnd();
      await workers.run('live-drop', { ...run, post }).catch(() => {});
    }
  }
}

function publicFailure(error: unknown): ServeBatchError {
  const known = toServeBatchError(error);
  if (known.code === 'USAGE' || known.code === 'LIVE_UNAVAILABLE') return known;
  return new ServeBatchError('LIVE_UNAVAILABLE', 'The rows cannot be scored now. Try again in a moment.', {
    cause: known,
  });
}
