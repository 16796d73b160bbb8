import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quoteText } from '../../src/core/text/sql.ts';
import type { DataFolder } from '../data/data-folder.ts';
import { FEATURES } from '../data/feature-sql.ts';
import { measureCommand } from '../measure/measure-command.ts';
import type { Measurement } from '../measure/measurement.ts';

const PROGRAM = fileURLToPath(new URL('./duckdb-copy-program.js', import.meta.url));

export interface CopyRequest {
  readonly select: string;
  readonly to: string;
  readonly threads: number;
}

export interface CopyAnswer {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
}

const KEYS = ['store', 'product', 'date'];
const TEXTS: readonly string[] = ['region', 'category'];

/** A float that takes every feature to compute, so that DuckDB leaves none of them unread. */
export function sumOfFeatures(): string {
  const values = FEATURES.map((name) => (TEXTS.includes(name) ? `strlen(${name})` : name));
  return `CAST(${values.join(' + ')} AS FLOAT)`;
}

/**
 * The limit of reading and writing: DuckDB's own COPY reads the keys and all features of a table, Parquet or CSV,
 * and writes the keys and one float.
 */
export function measureDuckDbCopy(
  data: DataFolder,
  { from, ...rest }: { readonly from: string; readonly rows: number; readonly threads: number },
): Promise<Measurement> {
  const read = from.endsWith('.csv') ? 'read_csv' : 'read_parquet';
  const select = `SELECT ${KEYS.join(', ')}, ${sumOfFeatures()} AS sales FROM ${read}(${quoteText(from)})`;
  return measureCopyOf(data, { select, ...rest });
}

/** A COPY of what a SELECT returns. The time is that of the COPY, without the start of its process. */
export async function measureCopyOf(
  data: DataFolder,
  { select, rows, threads }: { readonly select: string; readonly rows: number; readonly threads: number },
): Promise<Measurement> {
  const folder = await data.workFolder();
  try {
    const request: CopyRequest = { select, to: join(folder, 'copy.parquet'), threads };
    const { stdout, memory, wallSeconds, cpuSeconds } = await measureCommand({
      program: process.execPath,
      args: [PROGRAM, JSON.stringify(request)],
      cwd: folder,
    });
    const answer = JSON.parse(stdout) as CopyAnswer;
    return {
      rows,
      ...answer,
      memory,
      details: { threads, processWallSeconds: wallSeconds, processCpuSeconds: cpuSeconds },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
