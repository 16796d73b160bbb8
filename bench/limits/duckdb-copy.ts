import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DataFolder } from '../data/data-folder.ts';
import { measureCommand } from '../measure/measure-command.ts';
import type { Measurement } from '../measure/measurement.ts';

const PROGRAM = fileURLToPath(new URL('./duckdb-copy-program.js', import.meta.url));

export interface CopyRequest {
  /** Parquet or CSV. */
  readonly from: string;
  readonly to: string;
  readonly threads: number;
}

export interface CopyAnswer {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
}

/**
 * The limit of reading and writing: DuckDB's own COPY reads the keys and all features, and writes the keys
 * and one float. The time is that of the COPY, without the start of its process.
 */
export async function measureDuckDbCopy(
  data: DataFolder,
  { from, rows, threads }: { readonly from: string; readonly rows: number; readonly threads: number },
): Promise<Measurement> {
  const folder = await data.workFolder();
  try {
    const request: CopyRequest = { from, to: join(folder, 'copy.parquet'), threads };
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
