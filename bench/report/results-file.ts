import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isMet } from '../cases/bench-case.ts';
import type { CaseResult } from '../cases/run-case.ts';
import { rowCountText } from '../data/row-count.ts';
import type { BenchOptions } from '../options.ts';
import { REPOSITORY } from '../repository.ts';
import type { Machine } from './machine.ts';

/** All that one benchmark found out. */
export interface Report {
  readonly startedAt: string;
  readonly seconds: number;
  readonly machine: Machine;
  readonly options: Pick<BenchOptions, 'rows' | 'cases' | 'repeat' | 'peerRows' | 'runFlags'>;
  readonly cases: readonly CaseResult[];
}

/**
 * Writes `bench/results/2026-11-21-7M.json` and returns its path; the newest of a day stays. What is only
 * some of the cases stays out of the repository, beside the data.
 */
export async function writeResults(report: Report, dataFolder: string): Promise<string> {
  const { startedAt, options, cases } = report;
  const rows = options.rows.map(rowCountText).join('+');
  const isWhole = options.cases.length === 0;
  const folder = isWhole ? join(REPOSITORY, 'bench/results') : join(dataFolder, 'results');
  const instant = startedAt.replaceAll(/[-:]|\.\d+/g, '');
  const name = isWhole ? `${startedAt.slice(0, 10)}-${rows}.json` : `${instant}-${rows}.json`;
  await mkdir(folder, { recursive: true });
  const path = join(folder, name);
  const withVerdicts = cases.map((each) => ({
    ...each,
    figures: each.figures.map((figure) => ({ ...figure, met: isMet(figure) })),
  }));
  await writeFile(path, `${JSON.stringify({ ...report, cases: withVerdicts }, null, 2)}\n`);
  return path;
}
