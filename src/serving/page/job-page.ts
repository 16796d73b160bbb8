import { formatCount, formatSeconds } from '../../core/text/amounts.ts';
import { card, missing } from '../../report/card.ts';
import { type Html, html } from '../../report/html.ts';
import { formatCompact, formatInstant, formatShare } from '../../report/numbers.ts';
import { runStatusMark, statusMark } from '../../report/status-mark.ts';
import { tilesHtml } from '../../report/tiles.ts';
import type { RunSummary } from '../../runs/list/run-summary.ts';
import { describePause } from '../../schedule/pause.ts';
import { jobAddress, runAddress } from './addresses.ts';
import type { JobFacts } from './facts/read-job.ts';
import {
  cronText,
  freshness,
  lastOccurrenceHtml,
  newestRunHtml,
  nextOccurrenceHtml,
  publishedText,
  scheduleMark,
} from './job-marks.ts';
import { lookupForm } from './lookup-form.ts';
import { pathHtml } from './page-frame.ts';
import { runCharts } from './run-charts.ts';
import { stackTable } from './stack-table.ts';

export interface JobPage {
  readonly facts: JobFacts;
  /** Newest first. */
  readonly runs: readonly RunSummary[];
  /** Whether there are older ones, and whether these are the newest. */
  readonly hasOlder: boolean;
  readonly isFirst: boolean;
}

/** One job: how it is doing, its runs over time, and a form to look up a prediction. */
export function jobPage({ facts, runs, hasOlder, isFirst }: JobPage, now: Date): Html {
  const { name, description } = facts.source;
  return html`${pathHtml([['/', 'Jobs']], name)}<h1>${name} ${scheduleMark(facts)}</h1>${
    description === null ? null : html`<p class="lead">${description}</p>`
  }${facts.paused === null ? null : html`<p class="failure">${name} is ${describePause(facts.paused)}</p>`}${tiles(facts, now)}${lookupCard(facts)}${runCharts(runs)}${runsCard(name, runs)}${pagesHtml(name, runs, { hasOlder, isFirst })}`;
}

function tiles(facts: JobFacts, now: Date): Html {
  const { word, mood, detail } = freshness(facts);
  return tilesHtml([
    { name: 'Predictions', value: statusMark(word, mood), note: html`${detail}<br>${publishedText(facts)}` },
    { name: 'Newest run', value: '', note: newestRunHtml(facts, now) },
    { name: 'Last occurrence', value: '', note: lastOccurrenceHtml(facts, now) },
    {
      name: 'Next occurrence',
      value: '',
      note: html`${nextOccurrenceHtml(facts, now)}<br>${cronText(facts)}`,
    },
  ]);
}

function lookupCard({ source: { name }, state: { view } }: JobFacts): Html {
  return card(
    'Look up a prediction',
    view === null
      ? missing('Nothing can be looked up: no run is published, or the store is away.')
      : lookupForm({ job: name, info: view.info, asked: {} }),
    { isWide: true },
  );
}

function runsCard(job: string, runs: readonly RunSummary[]): Html {
  const columns = [
    { name: 'Planned' },
    { name: 'Status' },
    { name: 'Occurrence' },
    { name: 'Predictions', isNumber: true },
    { name: 'Rejects', isNumber: true },
    { name: 'Coverage', isNumber: true },
    { name: 'Rows/s', isNumber: true },
    { name: 'Duration', isNumber: true },
  ];
  if (runs.length === 0)
    return card('Runs', missing('There is no run here yet, or the folder of the runs is not at hand.'), {
      isWide: true,
    });
  return card(
    'Runs',
    stackTable(
      'Runs',
      columns,
      runs.map((run) => runRow(job, run)),
    ),
    { isWide: true },
  );
}

function runRow(job: string, { runId, createdAt, status, occurrence, record, failure }: RunSummary) {
  const why = failure ?? record?.error;
  return [
    html`<a href="${runAddress(job, runId)}">${formatInstant(createdAt)}</a>`,
    html`${runStatusMark(status)}${why === undefined ? null : html`<p class="why bad">${why.code}</p>`}`,
    occurrence === null ? '' : formatInstant(occurrence),
    record === undefined ? '' : formatCount(record.rowsOut),
    record === undefined ? '' : formatCount(record.rejects),
    record?.coverage === undefined ? '' : formatShare(record.coverage.ratio),
    record === undefined ? '' : formatCompact(record.throughputRowsPerSecond),
    record === undefined ? '' : formatSeconds(record.durationSeconds),
  ];
}

function pagesHtml(
  job: string,
  runs: readonly RunSummary[],
  { hasOlder, isFirst }: Pick<JobPage, 'hasOlder' | 'isFirst'>,
): Html | null {
  const last = runs.at(-1);
  if (isFirst && !hasOlder) return null;
  return html`<nav aria-label="More runs" class="pages">${isFirst ? null : html`<a href="${jobAddress(job)}">Newest runs</a>`}${
    hasOlder && last !== undefined
      ? html`<a href="${jobAddress(job)}?before=${encodeURIComponent(last.runId)}">Older runs</a>`
      : null
  }</nav>`;
}
