import type { Clock } from '../core/effects.ts';
import { valueJson } from '../lookup/parse-value.ts';
import type { FoundText } from '../lookup/published-reader.ts';
import type { PublishedView } from '../lookup/published-view.ts';

/** Where an answer comes from: the store, the run's own model, or, while the store is away, the memory of this server. */
export type AnswerSource = 'stored' | 'live' | 'previous';

/** What the store said, ready to be put into an answer. */
export interface KnownAnswer {
  readonly view: PublishedView;
  /** The fields of the answer that the store decides, as JSON without braces: `"value":1.5`. */
  readonly content: string;
}

/** Throws `STORE_REFUSED` for a value that the job does not write. */
export function contentOf(found: FoundText, { info }: PublishedView): string {
  if (typeof found === 'string') return `"value":${valueJson(found, info)}`;
  let list = '';
  for (const [field, text] of found)
    list += `${list === '' ? '' : ','}${JSON.stringify(field)}:${valueJson(text, info)}`;
  return `"values":{${list}}`;
}

/** One of many. Beside a canary, it says which of the two generations it comes from. */
export function itemJson(found: FoundText | undefined, view: PublishedView, isLive = false): string {
  if (found === undefined) return '{"found":false}';
  const origin = view.canary === null ? '' : `,"generation":${JSON.stringify(view.generation)}`;
  return `{"found":true,${contentOf(found, view)}${origin}${isLive ? ',"source":"live"' : ''}}`;
}

/** How old a generation is, and whether that is more than the job allows. */
export interface Age {
  readonly seconds: number;
  readonly isStale: boolean;
}

export function ageOf(createdAt: string, maxAgeSeconds: number | null, now: Date): Age {
  const seconds = Math.max(0, Math.floor((now.getTime() - Date.parse(createdAt)) / 1000));
  return { seconds, isStale: maxAgeSeconds !== null && seconds > maxAgeSeconds };
}

export interface AnswerTextOptions {
  readonly job: string;
  readonly clock: Clock;
  readonly maxAgeSeconds: number | null;
}

/** What all answers of a generation have in common, until its age is another one. */
interface Common {
  readonly untilMs: number;
  readonly age: Age;
  readonly origin: string;
  readonly etag: string;
}

/** Puts answers together. What all answers of a generation have in common is made once a second. */
export class AnswerText {
  readonly #options: AnswerTextOptions;
  readonly #head: string;
  readonly #common = new WeakMap<PublishedView, Common>();

  constructor(options: AnswerTextOptions) {
    this.#options = options;
    this.#head = `{"job":${JSON.stringify(options.job)},`;
  }

  age(view: PublishedView): Age {
    return this.#of(view).age;
  }

  /** The whole answer, as JSON. */
  body({ view, content }: KnownAnswer, source: AnswerSource): string {
    return `${this.#head}${content},${this.#of(view).origin},"source":"${source}"}`;
  }

  /** Weak: the age in an answer goes on while the predictions stay the same. */
  etag(view: PublishedView): string {
    return this.#of(view).etag;
  }

  /** Which keys are the canary's, its share says. */
  etagOfMany(view: PublishedView): string {
    const { canary } = view;
    if (canary === null) return this.etag(view);
    return `W/"${view.generation}+${canary.canary}@${canary.share}${this.age(view).isStale ? '-stale' : ''}"`;
  }

  #of(view: PublishedView): Common {
    const { clock } = this.#options;
    const known = this.#common.get(view);
    if (known !== undefined && clock.monotonicMs() < known.untilMs) return known;
    const common = this.#make(view);
    this.#common.set(view, common);
    return common;
  }

  #make(view: PublishedView): Common {
    const { clock, maxAgeSeconds } = this.#options;
    const { generation, info } = view;
    const now = clock.now();
    const age = ageOf(info.createdAt, maxAgeSeconds, now);
    return {
      // Until the age has one more second.
      untilMs: clock.monotonicMs() + 1000 - (Math.abs(now.getTime() - Date.parse(info.createdAt)) % 1000),
      age,
      origin: originJson(view, age),
      etag: `W/"${generation}${age.isStale ? '-stale' : ''}"`,
    };
  }
}

function originJson({ generation, info, canary }: PublishedView, { seconds, isStale }: Age): string {
  const origin = {
    run: info.runId,
    generation,
    model: info.model,
    modelSha256: info.modelSha256,
    generatedAt: info.createdAt,
    ageSeconds: seconds,
    stale: isStale,
    ...(canary === null ? {} : { canary }),
  };
  return JSON.stringify(origin).slice(1, -1);
}
