import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DataFolder } from '../data/data-folder.ts';
import { measureCommand } from '../measure/measure-command.ts';
import type { Measurement } from '../measure/measurement.ts';
import type { CopyAnswer } from './duckdb-copy.ts';

const PROGRAM = fileURLToPath(new URL('./csv-copy-program.js', import.meta.url));

export interface CsvCopyRequest {
  readonly from: string;
  readonly to: string;
  readonly threads: number;
  /** `staging`: as a run copies it, with a check of every cell. `copy`: as DuckDB does by itself. */
  readonly by: 'staging' | 'copy';
}

/** A whole CSV into Parquet, without the start of the process. */
export async function measureCsvCopy(
  data: DataFolder,
  { rows, ...request }: Omit<CsvCopyRequest, 'to'> & { readonly rows: number },
): Promise<Measurement> {
  const folder = await data.workFolder();
  try {
    const { stdout, memory } = await measureCommand({
      program: process.execPath,
      args: [PROGRAM, JSON.stringify({ ...request, to: join(folder, 'copy.parquet') })],
      cwd: folder,
    });
    const answer = JSON.parse(stdout) as CopyAnswer;
    return { rows, ...answer, memory, details: { threads: request.threads } };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
