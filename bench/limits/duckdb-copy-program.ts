import { quoteText } from '../../src/core/text/sql.ts';
import { withDuckDb } from '../data/duckdb.ts';
import type { CopyAnswer, CopyRequest } from './duckdb-copy.ts';

async function main({ select, to, threads }: CopyRequest): Promise<CopyAnswer> {
  const sql = `COPY (${select})
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
