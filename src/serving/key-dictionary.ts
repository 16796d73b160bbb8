import type { ServeBatchError } from '../core/errors.ts';
import type { GenerationInfo } from '../kv/store.ts';
import { askedColumns, type Expiry, keyColumnsOf, type Miss, missError } from '../lookup/explain-miss.ts';

/** Texts of key columns; null for a column that has too many to keep. */
export type KeyValues = Readonly<Record<string, readonly string[] | null>>;

export interface KeyDictionaryOptions {
  /** Reads the values of a run's key columns from its parts. Throws where they are not at hand. */
  readonly read: (info: GenerationInfo, columns: readonly string[]) => Promise<KeyValues>;
  /** When values of the run end; null where none can have ended, or nobody can tell. Left out: null. */
  readonly expiry?: (info: GenerationInfo) => Promise<Expiry | null>;
  /** How long a request waits for it; after that it is told without. */
  readonly patienceMs: number;
}

type ValueSets = ReadonlyMap<string, ReadonlySet<string> | null>;

interface Dictionary {
  readonly runId: string;
  /** Null where they cannot be read. */
  readonly values: Promise<ValueSets | null>;
}

/**
 * Says which part of a key is unknown. The values that the published run has are read once, at the first key
 * that is not found: thousands of such requests cost no more than one.
 */
export class KeyDictionary {
  readonly #options: KeyDictionaryOptions;
  #dictionary: Dictionary | undefined;

  constructor(options: KeyDictionaryOptions) {
    this.#options = options;
  }

  async explain(miss: Miss): Promise<ServeBatchError> {
    const asked = askedColumns(miss);
    const values = await this.#values(miss.info);
    const expiry = (await this.#options.expiry?.(miss.info).catch(() => null)) ?? null;
    if (values === null) return missError(miss, null, expiry);
    const known = Object.entries(asked).filter(([name, text]) => values.get(name)?.has(text) ?? true);
    return missError(
      miss,
      known.map(([name]) => name),
      expiry,
    );
  }

  #values(info: GenerationInfo): Promise<ValueSets | null> {
    if (this.#dictionary?.runId !== info.runId)
      this.#dictionary = { runId: info.runId, values: this.#read(info) };
    return within(this.#dictionary.values, this.#options.patienceMs);
  }

  async #read(info: GenerationInfo): Promise<ValueSets | null> {
    try {
      const values = await this.#options.read(info, keyColumnsOf(info));
      return new Map(Object.entries(values).map(([name, texts]) => [name, texts && new Set(texts)]));
    } catch {
      return null;
    }
  }
}

/** Null where it takes longer. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
