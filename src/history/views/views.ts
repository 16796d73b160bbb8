import type { Database } from '../../source/duckdb/database.ts';
import type { HistoryJob } from '../history-jobs.ts';
import { createAccuracy } from './accuracy-view.ts';
import { createOccurrences } from './occurrences-view.ts';
import { createPredictions } from './predictions-view.ts';
import { createRejects } from './rejects-view.ts';
import { createRuns } from './runs-view.ts';
import { createShards } from './shards-view.ts';

/** A view that a query may use. */
export interface HistoryView {
  readonly name: string;
  readonly create: (database: Database) => Promise<void>;
}

/** What there is to query. Nothing is read yet. */
export function historyViews(jobs: readonly HistoryJob[]): readonly HistoryView[] {
  const fixed: readonly HistoryView[] = [
    { name: 'runs', create: (database) => createRuns(database, jobs) },
    { name: 'shards', create: (database) => createShards(database, jobs) },
    { name: 'rejects', create: (database) => createRejects(database, jobs) },
    { name: 'occurrences', create: (database) => createOccurrences(database, jobs) },
    { name: 'accuracy', create: (database) => createAccuracy(database, jobs) },
  ];
  const taken = new Set(fixed.map(({ name }) => name));
  const newest = [...jobs].sort((a, b) => ((a.current ?? '') < (b.current ?? '') ? 1 : -1));
  const predictions: HistoryView[] = [];
  for (const job of newest) {
    if (job.current === undefined) continue;
    // A job may be called like a view of the history.
    const name = fixed.some((view) => view.name === job.job) ? `${job.job}_predictions` : job.job;
    // Of jobs of one name in several output folders, the one that was run last.
    if (taken.has(name)) continue;
    taken.add(name);
    predictions.push({ name, create: (database) => createPredictions(database, name, job) });
  }
  return [...fixed, ...predictions.sort((a, b) => (a.name < b.name ? -1 : 1))];
}

/** What a query says that asks for the names of views, rather than naming one. */
const ASKS_FOR_NAMES = /\b(?:show|describe|information_schema|duckdb_\w+|pg_\w+|sqlite_\w+)\b/i;

/**
 * Those that a query may mean: their names occur in it somewhere. Too many do no harm. Where none occurs,
 * as in `SHOW TABLES`, all may be meant.
 */
export function viewsMeant(sql: string, views: readonly HistoryView[]): readonly HistoryView[] {
  const text = sql.toLowerCase();
  const meant = views.filter(({ name }) => text.includes(name));
  return meant.length === 0 && ASKS_FOR_NAMES.test(sql) ? views : meant;
}
