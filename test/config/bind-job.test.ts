import { expect, it } from 'vitest';
import { bindJob, needsOccurrence } from '../../src/config/bind-job.ts';
import type { JobSpec } from '../../src/config/job-spec.ts';
import { normaliseJob } from '../../src/config/normalise-job.ts';
import { parseJob } from '../../src/config/parse-job.ts';

const OCCURRENCE = new Date('2026-11-21T00:00:00Z');
const NOW = new Date('2026-11-22T10:00:00Z');

function jobOf(data: Record<string, unknown>): JobSpec {
  const { job, problems } = parseJob({ model: 'm.onnx', ...data }, {});
  if (job === null) throw new Error(problems.map(({ message }) => message).join('\n'));
  return normaliseJob(job, 'weekly', '/p');
}

const TEMPLATED = jobOf({
  params: { region: 'north', days: 7 },
  input: {
    grid: {
      stores: 'stores-{{ params.region }}.csv',
      season: ['{{ params.region }}', 'all'],
      date: { from: '{{ occurrence.date }}', to: '{{ occurrence.date + 6d }}' },
    },
    filter: "season <> '{{ params.region }}'",
  },
  features: {
    select: "SELECT *, '{{ run.date }}' AS made, {{ params.days }} AS days FROM input",
    tables: { demand: 'demand-{{ occurrence.date }}.parquet' },
  },
});

it('fills the texts of input, features and tables', () => {
  const bound = bindJob(TEMPLATED, { occurrence: OCCURRENCE, now: NOW });
  expect(bound.input.grid).toEqual({
    dimensions: [
      { kind: 'file', name: 'stores', path: '/p/stores-north.csv', column: null },
      { kind: 'list', name: 'season', values: ['north', 'all'] },
      {
        kind: 'range',
        name: 'date',
        from: '2026-11-21',
        to: '2026-11-27',
        days: null,
        hours: null,
        step: null,
      },
    ],
    filter: "season <> 'north'",
  });
  expect(bound.features.select).toBe("SELECT *, '2026-11-21' AS made, 7 AS days FROM input");
  expect(bound.features.tables).toEqual({ demand: '/p/demand-2026-11-21.parquet' });
  expect(bound.occurrence).toBe('2026-11-21T00:00:00.000Z');
});

it('lets parameters of the run go before those of the job file', () => {
  const bound = bindJob(TEMPLATED, { occurrence: OCCURRENCE, now: NOW, params: { region: 'south' } });
  expect(bound.features.tables).toEqual({ demand: '/p/demand-2026-11-21.parquet' });
  expect(bound.input.grid?.filter).toBe("season <> 'south'");
  expect(bound.params).toEqual({ region: 'south', days: '7' });
});

it('leaves braces in the value of a parameter as they are', () => {
  const params = { region: 'a {{ b }} c', days: '{{ run.date }}' };
  const bound = bindJob(TEMPLATED, { occurrence: OCCURRENCE, now: NOW, params });
  expect(bound.input.grid?.filter).toBe("season <> 'a {{ b }} c'");
  expect(bound.features.select).toContain('{{ run.date }} AS days');
});

it('does not compile for a job that is bound', () => {
  const bound = bindJob(TEMPLATED, { occurrence: OCCURRENCE, now: NOW });
  // @ts-expect-error a bound job is no JobSpec
  const bindAgain = (): unknown => bindJob(bound, { occurrence: OCCURRENCE, now: NOW });
  expect(bindAgain).toBeTypeOf('function');
});

it('refuses a parameter that the job does not know', () => {
  expect(() => bindJob(TEMPLATED, { occurrence: OCCURRENCE, now: NOW, params: { regoin: 'x' } })).toThrow(
    /--param regoin is not a parameter of the job weekly. Did you mean "region"\? It has region, days/,
  );
});

it('knows whether a run needs an occurrence', () => {
  expect(needsOccurrence(TEMPLATED)).toBe(true);
  expect(needsOccurrence(jobOf({ input: { grid: { store: [1], days: 7 } } }))).toBe(true);
  expect(needsOccurrence(jobOf({ input: 'sales-{{ run.date }}.parquet' }))).toBe(false);
});

it('rejects bad rows of a grid unless it says otherwise', () => {
  expect(jobOf({ input: { grid: { store: [1] } } }).onInvalid.action).toBe('reject');
  expect(jobOf({ input: { grid: { store: [1] } }, onInvalid: 'fail' }).onInvalid.action).toBe('fail');
  expect(jobOf({ input: 'a.csv' }).onInvalid.action).toBe('fail');
});

it.each([
  [{ input: { grid: { store: [1] }, path: 'a.csv' } }, 'input.grid'],
  [{ input: { path: 'a.csv', filter: 'true' } }, 'input.filter'],
  [{ input: { grid: {} } }, 'input.grid'],
  [{ input: { grid: { weeks: 2 } } }, 'a number only for days and hours'],
  [{ input: { grid: { date: { from: '2026-11-21' } } } }, 'exactly one of to, days and hours'],
  [{ input: 'a.csv', coverage: { min: 0.5 } }, 'no coverage without input.grid'],
  [{ input: { grid: { store: [1] } }, coverage: { min: '101%' } }, 'coverage.min is "101%"'],
  [{ input: { grid: { store: [1] } }, features: { tables: { a: 'a.csv' } } }, 'features.select is missing'],
])('says what is wrong with %j', (data, message) => {
  const { problems } = parseJob({ model: 'm.onnx', ...data }, {});
  expect(problems.map((each) => each.message).join('\n')).toContain(message);
});

it('reads a share of coverage, and tables for the filter alone', () => {
  const spec = jobOf({
    input: { grid: { store: [1] }, filter: 'store IN (SELECT store FROM open)' },
    features: { tables: { open: 'open.csv' } },
    coverage: { min: '99.5%' },
  });
  expect(spec.coverage.min).toBe(0.995);
});
