import { describe, expect, it } from 'vitest';
import { ServeBatchError } from '../../../src/core/errors.ts';
import type { Html } from '../../../src/report/html.ts';
import { jobPage } from '../../../src/serving/page/job-page.ts';
import { jobsPage } from '../../../src/serving/page/jobs-page.ts';
import { lookupPage } from '../../../src/serving/page/lookup-page.ts';
import { pageFrame } from '../../../src/serving/page/page-frame.ts';
import { runPage } from '../../../src/serving/page/run-page.ts';
import { signInPage } from '../../../src/serving/page/sign-in-page.ts';
import { formatAge } from '../../../src/serving/page/when.ts';
import { sampleSummary } from '../../report/sample-facts.ts';
import { NOW, sampleJob, sampleRun, sampleView } from './sample-job.ts';

const HOSTILE = `<img src=x onerror="alert(1)">'&\u202e\u0000`;

const runs = Array.from({ length: 12 }, (_, day) =>
  sampleSummary({ createdAt: `2026-11-${10 + day}T00:00:00.000Z`, runId: `202611${10 + day}T000000Z-k3x9` }),
);

function lookup(text: string): Html {
  const view = sampleView(text);
  return lookupPage(text, {
    view,
    age: { seconds: 5, isStale: false },
    asked: { store: text, product: '1' },
    found: new Map([
      [`${text}a`, '1.5'],
      [`${text}b`, 'NaN'],
      [`${text}c`, '3.5'],
    ]),
    fault: new ServeBatchError('USAGE', text),
    before: { view, found: new Map([[`${text}a`, '1']]) },
  });
}

const PAGES: Readonly<Record<string, (text: string) => Html>> = {
  'all jobs': (text) => jobsPage({ jobs: [sampleJob(text)], start: 0, size: 50, total: 120 }, NOW),
  'one job': (text) => jobPage({ facts: sampleJob(text), runs, hasOlder: true, isFirst: false }, NOW),
  'one run': (text) => runPage(text, sampleRun(text)),
  lookup,
  'sign in': (text) => signInPage({ next: text, isWrong: true }),
};

const page = (name: string, text: string): string =>
  pageFrame({
    title: text,
    content: (PAGES[name] ?? lookup)(text),
    now: NOW,
    isLive: true,
    isSignedIn: true,
  });

describe.each(Object.keys(PAGES))('the page: %s', (name) => {
  it('holds nothing of the data but as text, and the same elements whatever it is', () => {
    const tagsOf = (text: string): readonly string[] => text.match(/<\/?[a-z0-9]+/gi) ?? [];
    const hostile = page(name, HOSTILE);
    expect(hostile).toContain('&lt;img src=x');
    for (const bad of ['<img', '\u202e', '\u0000']) expect(hostile).not.toContain(bad);
    expect(tagsOf(hostile)).toEqual(tagsOf(page(name, 'plain')));
    for (const [, value] of hostile.matchAll(/ [a-z-]+="([^"]*)"/g)) expect(value).not.toMatch(/[<>']/);
  });

  it('closes what it opens, names its fields, and has each id once', () => {
    const text = page(name, 'plain')
      .replace(/^<!doctype html>/, '')
      .replace(/<(script|style)>.*?<\/\1>/gs, '');
    const open: string[] = [];
    for (const [, end, tag, selfClosed] of text.matchAll(/<(\/?)([a-z0-9]+)(?:\s[^>]*?)?(\/?)>/g)) {
      if (['meta', 'link', 'input', 'br'].includes(tag ?? '') || selfClosed === '/') continue;
      if (end === '/') expect(open.pop()).toBe(tag);
      else open.push(tag ?? '');
    }
    expect(open).toEqual([]);
    const ids = [...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, id] of text.matchAll(/<label for="([^"]+)"/g)) expect(ids).toContain(id);
    expect(text.match(/<h1[ >]/g)).toHaveLength(1);
    expect(text).not.toMatch(/NaN(?!<)|undefined|\[object|Infinity/);
  });

  it('asks for nothing from anywhere else', () => {
    expect(page(name, 'plain')).not.toMatch(/https?:|\bsrc=|url\(|@import| on[a-z]+=|style="/);
  });
});

describe('what pages say', () => {
  it('a job that is paused, stale and waits', () => {
    const text = page('all jobs', 'sales');
    for (const said of [
      'stale',
      '2 h 1 min old; allowed: 1h',
      'paused since 2026-11-27T00:00:00Z by sales: sales',
    ])
      expect(text).toContain(said);
    expect(text).toContain('waits for sales');
    expect(text).toContain('Jobs 1 to 1 of 120');
    expect(text).toContain('href="/?from=50"');
  });

  it('nothing where there is nothing', () => {
    const facts = sampleJob('sales', {
      state: { job: 'sales', view: null, age: null, failure: new ServeBatchError('NOT_FOUND', 'x') },
      paused: null,
      last: null,
      newest: undefined,
    });
    const text = jobPage({ facts, runs: [], hasOlder: false, isFirst: true }, NOW).text;
    expect(text).toContain('No run of this job is published yet.');
    expect(text).toContain('There is no run here yet');
    expect(text).not.toContain('<svg');
    expect(jobsPage({ jobs: [], start: 0, size: 50, total: 0 }, NOW).text).toContain('kv.key');
  });

  it('a run at work loads itself again without scripts; one that has ended links its report', () => {
    expect(page('one run', 'sales')).toContain(
      '<noscript><meta http-equiv="refresh" content="5"></noscript>',
    );
    const ended = runPage('sales', sampleRun('sales', { summary: sampleSummary() })).text;
    expect(ended).toContain('href="/jobs/sales/runs/20261121T000000Z-k3x9/report"');
    expect(ended).not.toContain('id="live"');
  });

  it('a series beside the one before, with what has changed', () => {
    const text = lookup('sales').text;
    expect(text).toContain('+0.5');
    expect(text).toContain('class="before dashed"');
  });

  it.each([
    [75, '75 s'],
    [7260, '2 h 1 min'],
    [3600, '1 h'],
    [200_000, '2 d 7 h'],
  ])('%s seconds are %s', (seconds, text) => {
    expect(formatAge(seconds)).toBe(text);
  });
});
