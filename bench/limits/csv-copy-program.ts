import { dirname, join } from 'node:path';
import { quoteText } from '../../src/core/text/sql.ts';
import { stageCsv } from '../../src/source/csv/stage-csv.ts';
import { Database } from '../../src/source/duckdb/database.ts';
import { findFiles } from '../../src/source/files/find-files.ts';
import { withDuckDb } from '../data/duckdb.ts';
import type { CsvCopyRequest } from './csv-copy.ts';
import type { CopyAnswer } from './duckdb-copy.ts';

const NEEDS = { keys: ['store', 'product', 'date'], kept: [], texts: [], integers: [] };

async function main({ from, to, threads, by }: CsvCopyRequest): Promise<CopyAnswer> {
  return by === 'staging' ? stage({ from, to, threads }) : copy({ from, to, threads });
}

/** What a run does with a CSV before it scores it. */
async function stage({ from, to, threads }: Omit<CsvCopyRequest, 'by'>): Promise<CopyAnswer> {
  const sources = await findFiles([from]);
  const temporaryFolder = join(dirname(to), 'spill');
  const database = await Database.open({ threads, memoryLimit: '1GB', temporaryFolder });
  try {
    return await timed(async () => {
      const { signal } = new AbortController();
      await stageCsv(database, { sources, options: {}, needs: NEEDS, target: to, signal });
    });
  } finally {
    database.close();
  }
}

/** The types of the first rows, and no look at any cell. */
function copy({ from, to, threads }: Omit<CsvCopyRequest, 'by'>): Promise<CopyAnswer> {
  const sql = `COPY (SELECT * FROM read_csv(${quoteText(from)})) TO ${quoteText(to)} (FORMAT parquet)`;
  return withDuckDb({ threads }, (duckdb) =>
    timed(async () => {
      await duckdb.run(sql);
    }),
  );
}

async function timed(work: () => Promise<void>): Promise<CopyAnswer> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { wallSeconds: (performance.now() - start) / 1000, cpuSeconds: (user + system) / 1e6 };
}

const answer = await main(JSON.parse(process.argv[2] ?? '') as CsvCopyRequest);
process.stdout.write(JSON.stringify(answer));
