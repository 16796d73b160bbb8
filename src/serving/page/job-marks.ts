import { formatDuration } from '../../config/fields/duration.ts';
import { firstLine } from '../../core/errors.ts';
import { type Html, type HtmlPart, html } from '../../report/html.ts';
import { formatInstant } from '../../report/numbers.ts';
import { type Mood, runStatusMark, statusMark } from '../../report/status-mark.ts';
import { describePause } from '../../schedule/pause.ts';
import { publicError } from '../http/public-error.ts';
import { runAddress } from './addresses.ts';
import type { JobFacts } from './facts/read-job.ts';
import { distanceHtml, formatAge } from './when.ts';

/** Whether a job runs by itself, and whether it does so now. */
export function scheduleMark({ source: { schedule }, paused, newest }: JobFacts): Html {
  const running = newest?.status === 'running' ? statusMark('running', 'good') : null;
  if (schedule === null) return html`${running}${statusMark('by hand', 'plain')}`;
  if (paused !== null) return html`${running}${statusMark('paused', 'bad')}`;
  return html`${running}${schedule.enabled ? statusMark('on', 'plain') : statusMark('off', 'plain')}`;
}

/** How old the predictions are that readers get, beside what the job allows. */
export function freshness({ state, source: { serving } }: JobFacts): {
  readonly word: string;
  readonly mood: Mood;
  readonly detail: string;
} {
  const { view, age, failure } = state;
  const allowed =
    serving.maxAgeSeconds === null
      ? 'any age is allowed'
      : `allowed: ${formatDuration(serving.maxAgeSeconds)}`;
  if (view !== null && age !== null)
    return {
      word: age.isStale ? 'stale' : 'fresh',
      mood: age.isStale ? 'bad' : 'good',
      detail: `${formatAge(age.seconds)} old; ${allowed}`,
    };
  if (failure?.code === 'NOT_FOUND')
    return { word: 'nothing published', mood: 'bad', detail: 'No run of this job is published yet.' };
  const why = failure === null ? '' : publicError(failure).body.error.message;
  return { word: 'store away', mood: 'bad', detail: why };
}

export function freshnessHtml(facts: JobFacts): Html {
  const { word, mood, detail } = freshness(facts);
  return html`${statusMark(word, mood)}<p class="why">${detail}</p>`;
}

/** The newest run: how it ended, when, and why it failed. */
export function newestRunHtml({ newest, source: { name } }: JobFacts, now: Date): HtmlPart {
  if (newest === undefined) return html`<span class="why">none yet</span>`;
  const failure = newest.failure ?? newest.record?.error;
  return html`<a href="${runAddress(name, newest.runId)}">${runStatusMark(newest.status)}</a> ${distanceHtml(newest.createdAt, now)}${
    failure === undefined
      ? null
      : html`<p class="why bad"><b>${failure.code}</b> ${shorten(firstLine(failure.message))}</p>`
  }`;
}

export function lastOccurrenceHtml({ last }: JobFacts, now: Date): HtmlPart {
  if (last === null) return html`<span class="why">none yet</span>`;
  const { occurrence, status, waitsFor, count } = last;
  const several = count > 1 ? html` <span class="why">${count} in a row</span>` : null;
  const waits = waitsFor === null ? null : html`<p class="why">waits for ${waitsFor}</p>`;
  return html`${distanceHtml(occurrence, now)}: ${status}${several}${waits}`;
}

export function nextOccurrenceHtml({ next, paused, source: { schedule } }: JobFacts, now: Date): HtmlPart {
  if (next !== null) return distanceHtml(next, now);
  if (schedule === null) return html`<span class="why">it runs by hand</span>`;
  if (paused !== null) return html`<span class="why">${shorten(describePause(paused))}</span>`;
  return html`<span class="why">${schedule.enabled ? 'never' : 'the schedule is off'}</span>`;
}

/** `0 0 * * 6, Europe/Stockholm`. */
export function cronText({ source: { schedule } }: JobFacts): string {
  if (schedule === null) return '';
  return schedule.timezone === 'UTC' ? `${schedule.cron} (UTC)` : `${schedule.cron} (${schedule.timezone})`;
}

export function publishedText({ state: { view } }: JobFacts): string {
  return view === null ? '' : `planned ${formatInstant(view.info.createdAt)}`;
}

const MOST_CHARACTERS = 240;

/** The page of the run has all of it. */
function shorten(text: string): string {
  const characters = [...text];
  return characters.length > MOST_CHARACTERS ? `${characters.slice(0, MOST_CHARACTERS).join('')}…` : text;
}
