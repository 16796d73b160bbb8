import { describe, expect, it } from 'vitest';
import type { HistoryJob } from '../../../src/history/history-jobs.ts';
import { historyViews, viewsMeant } from '../../../src/history/views/views.ts';
import { runOn } from '../sample-history.ts';

const job = (name: string, day: number | null): HistoryJob => ({
  job: name,
  folderOfJob: `out/${name}`,
  current: day === null ? undefined : runOn(day),
});
const names = (views: readonly { readonly name: string }[]): string[] => views.map(({ name }) => name);

describe('historyViews', () => {
  it('are those of the history, and one for each job that has published', () => {
    const views = historyViews([job('sales', 1), job('costs', 2), job('later', null)]);
    expect(names(views)).toEqual(['runs', 'shards', 'rejects', 'occurrences', 'accuracy', 'costs', 'sales']);
  });

  it('a job that is called like one of the history has a longer name', () => {
    expect(names(historyViews([job('runs', 1)]))).toEqual([
      'runs',
      'shards',
      'rejects',
      'occurrences',
      'accuracy',
      'runs_predictions',
    ]);
  });

  it('jobs of one name in several folders have one view', () => {
    expect(names(historyViews([job('sales', 1), job('sales', 2)]))).toHaveLength(6);
  });
});

describe('viewsMeant', () => {
  const views = historyViews([job('sales', 1), job('weekly-sales', 1)]);

  it.each([
    ['SELECT * FROM runs', ['runs']],
    ['FROM RUNS JOIN "Shards" USING (run_id)', ['runs', 'shards']],
    ['FROM "weekly-sales"', ['sales', 'weekly-sales']],
    ['SELECT 1', []],
    ['FROM salse', []],
    ['DESCRIBE rejects', ['rejects']],
    ['SHOW TABLES', names(views)],
    ['SELECT view_name FROM duckdb_views()', names(views)],
  ])('%s', (sql, expected) => {
    expect(names(viewsMeant(sql, views))).toEqual(expected);
  });
});
