import { quoteText } from '../../src/core/sql.ts';
import { withDuckDb } from '../data/duckdb.ts';
import { FEATURES } from '../data/feature-sql.ts';
import type { CopyAnswer, CopyRequest } from './duckdb-copy.ts';

const KEYS = ['store', 'product', 'date'];
const TEXTS: readonly string[] = ['region', 'category'];

/** A float that takes every feature to compute, so that DuckDB leaves none of them unread. */
function sumOfFeatures(): string {
  return FEATURES.map((name) => (TEXTS.includes(name) ? `strlen(${name})` : name)).join(' + ');
}

async function main({ from, to, threads }: CopyRequest): Promise<CopyAnswer> {
  const read = from.endsWith('.csv') ? 'read_csv' : 'read_parquet';
  const sql = `
    COPY (SELECT ${KEYS.join(', ')}, CAST(${sumOfFeatures()} AS FLOAT) AS sales FROM ${read}(${quoteText(from)}))
    TO ${quoteText(to)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)`;
  return withDuckDb({ threads }, async (duckdb) => {
    const cpu = process.cpuUsage();
    const start = performance.now();
    await duckdb.run(sql);
    const wallSeconds = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    return { wallSeconds, cpuSeconds: (user + system) / 1e6 };
  });
}

const answer = await main(JSON.parse(process.argv[2] ?? '') as CopyRequest);
process.stdout.write(JSON.stringify(answer));
