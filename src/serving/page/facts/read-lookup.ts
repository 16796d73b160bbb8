import { ServeBatchError } from '../../../core/errors.ts';
import type { Columns } from '../../../lookup/column-text.ts';
import type { FoundText } from '../../../lookup/published-reader.ts';
import type { PublishedView } from '../../../lookup/published-view.ts';
import type { Age } from '../../answer-text.ts';
import type { ServedJob } from '../../served-job.ts';

/** What the store has for a key, now and before. */
export interface LookupFacts {
  readonly view: PublishedView;
  readonly age: Age;
  readonly asked: Columns;
  /** Null: nothing was found, or asked for. */
  readonly found: FoundText | null;
  /** Why nothing was found. */
  readonly fault: ServeBatchError | null;
  /** Of the generation that readers saw before; null: the store keeps none that can be compared. */
  readonly before: { readonly view: PublishedView; readonly found: FoundText | undefined } | null;
}

/** Throws as the store does. What is wrong with the question is told as a fault. */
export async function readLookup(job: ServedJob, asked: Columns): Promise<LookupFacts> {
  const view = await job.view();
  const of = { asked, view, age: job.age(view) };
  if (Object.keys(asked).length === 0) return { ...of, found: null, fault: null, before: null };
  try {
    const answer = await job.find(asked);
    const { found = null } = answer;
    const fault = found === null ? await job.explain(answer.view, asked) : null;
    const before = await job.before.find(answer.view, asked);
    return { ...of, view: answer.view, age: job.age(answer.view), found, fault, before };
  } catch (error) {
    if (!(error instanceof ServeBatchError) || error.code !== 'USAGE') throw error;
    return { ...of, found: null, fault: error, before: null };
  }
}
