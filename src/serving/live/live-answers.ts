import type { LiveWhen } from '../../config/sections/live.ts';
import { ServeBatchError } from '../../core/errors.ts';
import type { Columns } from '../../lookup/column-text.ts';
import type { FoundText } from '../../lookup/published-reader.ts';
import type { PublishedView } from '../../lookup/published-view.ts';
import type { Cells, LiveAnswer } from '../../shard/live/live-question.ts';
import { inSlices } from './in-slices.ts';
import type { LiveModel } from './live-model.ts';

/** A key, and what the store has of it. */
export interface StoredKey {
  readonly view: PublishedView;
  readonly columns: Columns;
  readonly found: FoundText | undefined;
}

/** A key whose row has other values in some columns. */
export interface ChangedKey extends Omit<StoredKey, 'found'> {
  readonly changed: Cells;
}

/** What a key is answered with. */
export type KeyAnswer =
  | { readonly source: 'stored' | 'live'; readonly found: FoundText }
  /** The run has no such key. */
  | { readonly source: 'none' }
  /** It would have to be answered live, and cannot be. */
  | { readonly source: 'failed'; readonly error: ServeBatchError };

export interface LiveAnswersOptions {
  readonly model: LiveModel;
  readonly when: readonly LiveWhen[];
  /** Questions that may wait at once. */
  readonly queue: number;
  readonly isStale: (view: PublishedView) => boolean;
  /** Whether each part of a key occurs in the run: what has one that does not need not be asked. */
  readonly mayExist: (view: PublishedView, columns: Columns) => Promise<boolean>;
}

/** Decides which keys are answered live instead of from the store, and asks for them. */
export class LiveAnswers {
  readonly #options: LiveAnswersOptions;

  constructor(options: LiveAnswersOptions) {
    this.#options = options;
  }

  /** Answers in the order of the keys. One that is stale and cannot be asked keeps what the store has. */
  complete(keys: readonly StoredKey[]): Promise<readonly KeyAnswer[]> {
    return inSlices(keys, this.#options.queue, (key) => this.#answer(key));
  }

  /** Whether an answer that the store has of the generation is to be made anew. */
  mayReplace(view: PublishedView): boolean {
    const { when, isStale } = this.#options;
    return when.includes('stale') && isStale(view);
  }

  /** Keys that are asked whatever the store has, in their order. Throws `USAGE` for columns that do not fit the key. */
  ask(keys: readonly ChangedKey[]): Promise<readonly LiveAnswer[]> {
    const { model, queue } = this.#options;
    return inSlices(keys, queue, ({ view, columns, changed }) => model.key(view, columns, changed));
  }

  async #answer({ view, columns, found }: StoredKey): Promise<KeyAnswer> {
    const kept: KeyAnswer = found === undefined ? { source: 'none' } : { source: 'stored', found };
    if (!(await this.#wants(view, columns, found))) return kept;
    try {
      const text = valueText(await this.#options.model.key(view, columns));
      return text === undefined ? kept : { source: 'live', found: text };
    } catch (error) {
      if (found !== undefined) return kept;
      if (error instanceof ServeBatchError) return { source: 'failed', error };
      throw error;
    }
  }

  async #wants(view: PublishedView, columns: Columns, found: FoundText | undefined): Promise<boolean> {
    const { when, mayExist } = this.#options;
    if (found !== undefined) return typeof found === 'string' && this.mayReplace(view);
    return when.includes('missing') && (await mayExist(view, columns));
  }
}

/** Undefined: the run has no such key. Throws `USAGE` for a wrong question, `INVALID_ROW` for a row that cannot be scored. */
export function valueText(answer: LiveAnswer): string | undefined {
  switch (answer.kind) {
    case 'value':
      return answer.text;
    case 'reject':
    case 'wrong':
      throw answerError(answer);
    case 'unknown':
      return undefined;
  }
}

/** What is said of a question that has no value. */
export function answerError(
  answer: Extract<LiveAnswer, { readonly kind: 'reject' | 'wrong' }>,
): ServeBatchError {
  if (answer.kind === 'wrong')
    return new ServeBatchError('USAGE', answer.message, { fields: { column: answer.column } });
  const { column, reason } = answer;
  const what = column === null ? `The row cannot be scored: ${reason}.` : `Column "${column}" ${reason}.`;
  return new ServeBatchError('INVALID_ROW', what, { fields: column === null ? {} : { column } });
}
