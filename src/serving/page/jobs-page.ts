import { card, missing } from '../../report/card.ts';
import { type Html, html } from '../../report/html.ts';
import { tilesHtml } from '../../report/tiles.ts';
import { jobAddress } from './addresses.ts';
import { isFailing, type JobFacts } from './facts/read-job.ts';
import {
  freshness,
  freshnessHtml,
  lastOccurrenceHtml,
  newestRunHtml,
  nextOccurrenceHtml,
  scheduleMark,
} from './job-marks.ts';
import { stackTable } from './stack-table.ts';

export interface JobsPage {
  readonly jobs: readonly JobFacts[];
  /** Of all jobs, from 0: where those of this page begin, and how many there are. */
  readonly start: number;
  readonly total: number;
  readonly size: number;
}

/** All jobs that are served. */
export function jobsPage(page: JobsPage, now: Date): Html {
  const { jobs, total } = page;
  if (total === 0)
    return html`<h1>Jobs</h1>${card('No job is served', missing('No job has a key-value store to answer from yet. Give one a kv.key in jobs/NAME.yaml, and run it.'))}`;
  return html`<h1>Jobs</h1>${tiles(jobs)}${card(
    rangeText(page),
    stackTable(
      'Jobs',
      ['Job', 'Schedule', 'Predictions', 'Newest run', 'Last occurrence', 'Next'].map((name) => ({ name })),
      jobs.map((facts) => [
        html`<a href="${jobAddress(facts.source.name)}">${facts.source.name}</a>${
          facts.source.description === null ? null : html`<p class="why">${facts.source.description}</p>`
        }`,
        scheduleMark(facts),
        freshnessHtml(facts),
        newestRunHtml(facts, now),
        lastOccurrenceHtml(facts, now),
        nextOccurrenceHtml(facts, now),
      ]),
    ),
  )}${pagesHtml(page)}`;
}

function rangeText({ start, jobs, total }: JobsPage): string {
  if (jobs.length === total) return total === 1 ? '1 job' : `${total} jobs`;
  return `Jobs ${start + 1} to ${start + jobs.length} of ${total}`;
}

function tiles(jobs: readonly JobFacts[]): Html {
  const count = (is: (facts: JobFacts) => boolean): number => jobs.filter(is).length;
  const fresh = count((facts) => freshness(facts).word === 'fresh');
  const failing = count(isFailing);
  return tilesHtml([
    {
      name: 'Fresh',
      value: String(fresh),
      note: `of ${jobs.length} shown`,
      isBad: fresh < jobs.length,
    },
    {
      name: 'Newest run failed',
      value: String(failing),
      note: `of ${jobs.length} shown`,
      isBad: failing > 0,
    },
    {
      name: 'Running',
      value: String(count(({ newest }) => newest?.status === 'running')),
      note: 'at work now',
    },
    { name: 'Paused', value: String(count(({ paused }) => paused !== null)), note: 'by somebody' },
  ]);
}

function pagesHtml({ start, size, total, jobs }: JobsPage): Html | null {
  if (jobs.length === total) return null;
  const link = (from: number, text: string): Html => html`<a href="/?from=${from}">${text}</a>`;
  return html`<nav aria-label="More jobs" class="pages">${start === 0 ? null : link(Math.max(0, start - size), 'Earlier jobs')}${
    start + jobs.length >= total ? null : link(start + size, 'Later jobs')
  }</nav>`;
}
