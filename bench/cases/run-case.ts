import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Measurement, type Summary, summarise } from '../measure/measurement.ts';
import { contenderLine } from '../report/text.ts';
import { REPOSITORY } from '../repository.ts';
import { type Bench, type BenchCase, type Figure, LeftOut } from './bench-case.ts';

/** How one case ended. */
export interface CaseResult {
  readonly name: string;
  readonly rows: number;
  readonly contenders: readonly { readonly name: string; readonly summary: Summary }[];
  readonly figures: readonly Figure[];
  /** Why it could not run on this machine. */
  readonly leftOut?: string;
  readonly error?: string;
}

/** Measures the contenders of a case in turn, `repeat` times. Never throws: a case that fails says why. */
export async function runCase(
  bench: Bench,
  { name, prepare }: BenchCase,
  { rows, repeat }: { readonly rows: number; readonly repeat: number },
): Promise<CaseResult> {
  try {
    const { contenders, figures, release } = await prepare(bench, rows);
    try {
      const rounds = new Map<string, Measurement[]>(contenders.map((each) => [each.name, []]));
      for (let round = 1; round <= repeat; round++) {
        for (const contender of contenders) {
          await settleDisk();
          const measurement = await contender.measure();
          rounds.get(contender.name)?.push(measurement);
          bench.log(`  ${round}/${repeat} ${contenderLine(contender.name, summarise([measurement]))}`);
        }
      }
      const results = new Map([...rounds].map(([each, measured]) => [each, summarise(measured)]));
      return {
        name,
        rows,
        contenders: [...results].map(([each, summary]) => ({ name: each, summary })),
        figures: figures(results),
      };
    } finally {
      await release?.();
    }
  } catch (error) {
    const nothing = { name, rows, contenders: [], figures: [] };
    if (error instanceof LeftOut) return { ...nothing, leftOut: error.message };
    return { ...nothing, error: withoutPaths(error, bench) };
  }
}

/** Results are for others to read: where things lie on this machine is not. */
function withoutPaths(error: unknown, { data }: Bench): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return text.replaceAll(data.path, 'DATA').replaceAll(REPOSITORY, '.');
}

/** What one contender wrote is not to reach the disk while the next one is measured. */
async function settleDisk(): Promise<void> {
  await promisify(execFile)('sync');
}
