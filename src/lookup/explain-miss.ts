import { ServeBatchError } from '../core/errors.ts';
import type { GenerationInfo } from '../kv/store.ts';
import { type Columns, columnText, timestampText } from './column-text.ts';
import { parseKeyTemplates } from './key-address.ts';

export interface Miss {
  readonly job: string;
  readonly info: GenerationInfo;
  readonly columns: Columns;
}

/** When values of the published run end, as `kv.ttl` wants. */
export interface Expiry {
  /** As people write it: `2h`. */
  readonly ttl: string;
  /** ISO 8601. All values were in the store by then. */
  readonly publishedAt: string;
  /** Whether all have ended. If not, only those may have that were loaded first. */
  readonly isOver: boolean;
}

/** The columns of key and field, each once, in the order of the templates. */
export function keyColumnsOf(info: GenerationInfo): string[] {
  const { key, field } = parseKeyTemplates(info);
  return [...new Set([...key.columns, ...(field?.columns ?? [])])];
}

/** The columns of key and field that were asked for, as texts, in the order of the templates. */
export function askedColumns({ info, columns }: Pick<Miss, 'info' | 'columns'>): Record<string, string> {
  const asked: [string, string][] = [];
  for (const name of keyColumnsOf(info)) {
    const value = Object.hasOwn(columns, name) ? columns[name] : undefined;
    if (value !== undefined) asked.push([name, columnText(name, value)]);
  }
  return Object.fromEntries(asked);
}

/**
 * The error of a lookup that found nothing: which part of the key no prediction has.
 * @param known the columns whose value occurs in the run at all; null where nobody can tell
 * @param expiry null where no value of the run can have ended, or nobody can tell
 */
export function missError(
  miss: Miss,
  known: readonly string[] | null,
  expiry: Expiry | null = null,
): ServeBatchError {
  const { job, info } = miss;
  const asked = askedColumns(miss);
  const text = Object.entries(asked)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
  const unknown = known === null ? [] : Object.keys(asked).filter((name) => !known.includes(name));
  const why =
    unknown.length > 0
      ? `it has no ${unknown.map((name) => `${name}=${asked[name]}`).join(' and no ')}`
      : reasonOf(known, expiry);
  const suspects = known === null ? Object.keys(asked) : unknown;
  const spelling = suspects.map((name) => otherSpelling(asked[name] ?? '')).join('');
  return new ServeBatchError(
    'NOT_FOUND',
    `The published run ${info.runId} of ${job} has no prediction for ${text}: ${why}.${spelling}`,
    { fields: { job, runId: info.runId, unknown } },
  );
}

/** A timestamp in another spelling than that of the keys misses, even if its instant is there. */
function otherSpelling(asked: string): string {
  const text = timestampText(asked);
  if (text === null) return '';
  const others = [text, `${text}Z`].filter((each) => each !== asked);
  return ` In keys, timestamps are in UTC with a T, and with a Z at the end if the column has a time zone: try ${others.join(' or ')}.`;
}

/** Why there is no prediction, as far as each part of the key is known. */
function reasonOf(known: readonly string[] | null, expiry: Expiry | null): string {
  if (expiry?.isOver)
    return `its values have expired, since they live for ${expiry.ttl} (kv.ttl) and it was published at ${expiry.publishedAt}`;
  if (known === null) return 'its parts are not at hand to say which part of the key is unknown';
  const together = 'each of these values occurs in it, but not together';
  return expiry === null ? together : `${together}, or the prediction has expired (kv.ttl is ${expiry.ttl})`;
}
