import { card, lead, missing } from '../../report/card.ts';
import { linesChart } from '../../report/chart/lines.ts';
import { dataTable, numberCell } from '../../report/data-table.ts';
import { type Html, html } from '../../report/html.ts';
import { formatInstant, formatValue, plural } from '../../report/numbers.ts';
import { jobAddress, runAddress } from './addresses.ts';
import type { LookupFacts } from './facts/read-lookup.ts';
import { numbersOf, type SeriesRow, seriesRows } from './facts/series-rows.ts';
import { lookupForm } from './lookup-form.ts';
import { pathHtml } from './page-frame.ts';
import { formatAge } from './when.ts';

/** Longer series are drawn whole; the table below ends here. */
const MOST_ROWS = 500;
const MOST_PICTURES = 4;

/** The predictions of a key, beside those of the generation before. */
export function lookupPage(job: string, facts: LookupFacts): Html {
  const { view, age, asked, fault } = facts;
  const path = pathHtml(
    [
      ['/', 'Jobs'],
      [jobAddress(job), job],
    ],
    'Look up',
  );
  return html`${path}<h1>Predictions of ${job}</h1><p class="run">From run <a href="${runAddress(job, view.info.runId)}">${view.info.runId}</a>, planned ${formatInstant(view.info.createdAt)}, ${formatAge(age.seconds)} ago${age.isStale ? ': more than the job allows' : ''}. Model ${view.info.model}.${view.canary?.canary === view.generation ? ' It is the canary: readers of other keys see another run.' : null}</p>${card('Look up a prediction', lookupForm({ job, info: view.info, asked }), { isWide: true })}${
    fault === null ? null : html`<p class="failure" role="alert">${fault.message}</p>`
  }${resultHtml(facts)}`;
}

function resultHtml(facts: LookupFacts): Html | null {
  const { found, before, view, asked } = facts;
  const rows = seriesRows(found, before?.found ?? null);
  if (Object.keys(asked).length === 0 || rows.length === 0) return null;
  const isSeries = typeof (found ?? before?.found) !== 'string';
  return html`${isSeries ? picturesHtml(facts, rows) : null}${card(
    isSeries ? plural(rows.length, 'prediction') : 'The prediction',
    [
      lead(beforeText(facts)),
      dataTable(
        [
          ...(isSeries ? [view.templates.field?.columns.join(', ') ?? ''] : []),
          view.info.values.join(', '),
          ...(before === null ? [] : ['Before', 'Difference']),
        ],
        rows.slice(0, MOST_ROWS).map((row) => cellsOf(row, facts, isSeries)),
      ),
      rows.length > MOST_ROWS
        ? missing(`${plural(rows.length - MOST_ROWS, 'further prediction')} are not in this table.`)
        : null,
    ],
    { isWide: true },
  )}`;
}

function beforeText({ before }: LookupFacts): string {
  if (before === null) return 'The store keeps no earlier generation with the same key to compare with.';
  return `Before: run ${before.view.info.runId}, planned ${formatInstant(before.view.info.createdAt)}: the one that was published before.`;
}

function cellsOf({ field, value, before }: SeriesRow, facts: LookupFacts, isSeries: boolean) {
  const { info } = facts.view;
  const isNumber = info.valueKind === 'number';
  const show = (text: string | null) => (isNumber ? numberCell(text ?? '') : (text ?? ''));
  const [column = ''] = info.values;
  const now = numbersOf(value, info).get(column);
  const then = facts.before === null ? undefined : numbersOf(before, facts.before.view.info).get(column);
  const difference = now === undefined || then === undefined ? '' : signed(now - then);
  return [
    ...(isSeries ? [field] : []),
    show(value),
    ...(facts.before === null ? [] : [show(before), numberCell(difference)]),
  ];
}

function signed(value: number): string {
  return value > 0 ? `+${formatValue(value)}` : formatValue(value);
}

/** A picture for each column of numbers. */
function picturesHtml(facts: LookupFacts, rows: readonly SeriesRow[]): Html | null {
  const { view, before } = facts;
  const now = rows.map(({ value }) => numbersOf(value, view.info));
  const then = rows.map((row) =>
    before === null ? new Map<string, number>() : numbersOf(row.before, before.view.info),
  );
  const columns = view.info.values
    .filter((column) => now.some((numbers) => numbers.has(column)))
    .slice(0, MOST_PICTURES);
  if (columns.length === 0 || rows.length < 2) return null;
  const of = (list: readonly ReadonlyMap<string, number>[], column: string) =>
    list.map((numbers) => numbers.get(column) ?? null);
  return html`<div class="cards">${columns.map((column, index) =>
    seriesCard(`series-${index}`, column, {
      names: rows.map(({ field }) => field),
      values: of(now, column),
      before: of(then, column),
    }),
  )}</div>`;
}

interface Series {
  readonly names: readonly string[];
  readonly values: readonly (number | null)[];
  readonly before: readonly (number | null)[];
}

function seriesCard(id: string, column: string, { names, values, before }: Series): Html {
  const hasBefore = before.some((value) => value !== null);
  const known = values.filter((value) => value !== null);
  const description = `${plural(known.length, 'prediction')}, from ${formatValue(Math.min(...known))} to ${formatValue(Math.max(...known))}.`;
  return card(column, [
    lead(description),
    linesChart({
      caption: { id, title: column, description },
      names,
      values,
      before,
      unit: null,
      label: column,
      formatAmount: formatValue,
    }),
    hasBefore
      ? html`<p class="legend"><span class="key line"></span>published <span class="key dash"></span>before</p>`
      : null,
  ]);
}
