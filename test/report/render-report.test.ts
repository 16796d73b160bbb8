import { describe, expect, it } from 'vitest';
import { unknown } from '../../src/report/facts/known.ts';
import { renderReport } from '../../src/report/render-report.ts';
import { sampleWindow } from '../runs/sample-run.ts';
import { sampleFacts, sampleSummary } from './sample-facts.ts';

const HOSTILE = `<img src=x onerror="alert(1)">'&`;

describe('the page of a report', () => {
  it('holds nothing of the data but as text', () => {
    const page = renderReport(sampleFacts(HOSTILE));
    expect(page).toContain('&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&#39;&amp;');
    expect(page).not.toContain('<img');
    expect(page.match(/&lt;img/g)?.length).toBeGreaterThan(20);
  });

  it('has the same elements whatever the data', () => {
    const tagsOf = (page: string): readonly string[] => page.match(/<\/?[a-z0-9]+/gi) ?? [];
    expect(tagsOf(renderReport(sampleFacts(HOSTILE)))).toEqual(tagsOf(renderReport(sampleFacts('plain'))));
  });

  it('closes what it opens', () => {
    const open: string[] = [];
    const page = renderReport(sampleFacts('plain')).replace(/^<!doctype html>/, '');
    for (const [, end, name, selfClosed] of page.matchAll(/<(\/?)([a-z0-9]+)(?:\s[^>]*?)?(\/?)>/g)) {
      if (name === 'meta' || selfClosed === '/') continue;
      if (end === '/') expect(open.pop()).toBe(name);
      else open.push(name ?? '');
    }
    expect(open).toEqual([]);
  });

  it('asks for nothing from anywhere, and forbids it', () => {
    const page = renderReport(sampleFacts('plain'));
    expect(page).toContain(
      `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">`,
    );
    expect(page).not.toMatch(/https?:|<script|<link|<iframe|\bsrc=|\bhref=|url\(|@import/);
  });

  it('has a title and a description for every picture, and a table behind it', () => {
    const page = renderReport(sampleFacts('plain'));
    const ids = [...page.matchAll(/<svg [^>]*aria-labelledby="([^"]+)"/g)].map(([, id]) => id ?? '');
    expect(ids.length).toBeGreaterThanOrEqual(7);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids.join(' ').split(' '))
      expect(page).toMatch(new RegExp(`<(title|desc) id="${id}">[^<]+</`));
    expect(page.match(/<summary>/g)?.length).toBeGreaterThanOrEqual(ids.length - 1);
  });

  it('is the same for the same facts', () => {
    expect(renderReport(sampleFacts('plain'))).toBe(renderReport(sampleFacts('plain')));
  });

  it('has no number that is none', () => {
    expect(renderReport(sampleFacts('plain'))).not.toMatch(/NaN(?! or)|undefined|\[object|Infinity/);
  });

  it('says what is missing', () => {
    const page = renderReport(
      sampleFacts('plain', {
        summary: sampleSummary({ status: 'interrupted', record: undefined, publishedAt: undefined }),
        plan: null,
        shardsDone: 0,
        timeline: null,
        latency: null,
        stages: null,
        predictions: unknown('There are no predictions.'),
        dimensions: unknown('There is no coverage.'),
        rejects: unknown('The rejects cannot be read.'),
      }),
    );
    for (const sentence of [
      'It was ended before it was done; the same command continues it.',
      'No shard of this run is committed: there is nothing to time.',
      'No work of this run was timed.',
      'No call of the model was timed.',
      'There are no predictions.',
      'There is no coverage.',
      'The rejects cannot be read.',
      'It is missing or damaged.',
    ])
      expect(page).toContain(sentence);
  });

  it('shows coverage beside what the job asks for', () => {
    const { record } = sampleSummary();
    if (record === undefined) throw new Error('no record');
    const coverage = { expected: 1000, present: 993, ratio: 0.993, min: 1 };
    const page = renderReport(
      sampleFacts('plain', { summary: sampleSummary({ record: { ...record, coverage } }) }),
    );
    expect(page).toContain('993 of 1,000 expected predictions are there: 99.3%.');
    expect(page).toMatch(/tile bad"><dt>Coverage<\/dt><dd><b>99.3%<\/b><span>asked for: 100%/);
  });

  it('shows the error of a run that failed', () => {
    const failure = {
      ...{ code: 'INVALID_ROW' as const, message: HOSTILE, fields: {}, retryable: false, exitCode: 3 },
    };
    const page = renderReport(
      sampleFacts('plain', { summary: sampleSummary({ status: 'failed', failure }) }),
    );
    expect(page).toContain('<strong>INVALID_ROW</strong> &lt;img src=x');
  });
});

describe('the gates of a run', () => {
  it('stand in a section with what they found; a run without gates has none', () => {
    const facts = sampleFacts('plain');
    const { record } = facts.summary;
    if (record === undefined) throw new Error('The sample has a record');
    expect(renderReport(facts)).not.toContain('Gates');
    const gates = [
      {
        name: 'stores',
        kind: 'rows' as const,
        verdict: 'failed' as const,
        detail: 'compared with run X',
        failures: 1,
        findings: [{ segment: 'store=7', column: null, text: 'lost: 5 rows before, none now', examples: [] }],
      },
    ];
    const page = renderReport({ ...facts, summary: { ...facts.summary, record: { ...record, gates } } });
    expect(page).toContain('0 of 1 gate passed, 1 failed, 0 not compared.');
    expect(page).toContain('lost: 5 rows before, none now');
  });

  it('says how many rows of an incremental job came late', () => {
    const { record } = sampleSummary();
    if (record === undefined) throw new Error('no record');
    const withLate = (lateRows: number) => ({ ...record, incremental: sampleWindow(lateRows) });
    const pageOf = (lateRows: number) =>
      renderReport(sampleFacts('plain', { summary: sampleSummary({ record: withLate(lateRows) }) }));
    expect(pageOf(1)).toContain(
      '<strong>LATE ROWS</strong> 1 row with id up to 20 came after the run before',
    );
    expect(pageOf(0)).not.toContain('LATE ROWS');
  });
});
