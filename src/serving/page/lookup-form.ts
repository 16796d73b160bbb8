import type { GenerationInfo } from '../../kv/store.ts';
import type { Columns } from '../../lookup/column-text.ts';
import { keyColumnsOf } from '../../lookup/explain-miss.ts';
import { type Html, html } from '../../report/html.ts';
import { lookupAddress } from './addresses.ts';

/** Names of columns stand behind it in an address: so that none is taken for something else. */
const PREFIX = 'key.';

export interface LookupForm {
  readonly job: string;
  readonly info: GenerationInfo;
  /** What was asked for. */
  readonly asked: Columns;
}

/** A field for each column of the key; those of the field may stay empty, for the series. */
export function lookupForm({ job, info, asked }: LookupForm): Html {
  const needed = keyColumnsOf({ ...info, field: null });
  const hasField = info.field !== null;
  const inputs = keyColumnsOf(info).map((name, index) => {
    const value = Object.hasOwn(asked, name) ? String(asked[name]) : '';
    const isNeeded = needed.includes(name);
    return html`<label for="key-${index}">${name}${isNeeded ? null : ' (empty: all)'}<input id="key-${index}" name="${PREFIX}${name}" value="${value}" autocomplete="off" spellcheck="false"${isNeeded ? html` required` : null}></label>`;
  });
  return html`<form method="get" action="${lookupAddress(job)}" role="search" aria-label="Predictions of ${job}"><div class="fields">${inputs}<button>Look up</button></div>${
    hasField ? html`<p class="why">Without those that may be empty, the whole series is drawn.</p>` : null
  }</form>`;
}

/** The columns that an address of the form asks for; those that are empty are left out. */
export function askedOf(query: unknown): Columns {
  const given = Object.entries(query as Readonly<Record<string, unknown>>);
  return Object.fromEntries(
    given.flatMap(([name, value]) =>
      name.startsWith(PREFIX) && typeof value === 'string' && value !== ''
        ? [[name.slice(PREFIX.length), value] as const]
        : [],
    ),
  );
}
