import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { quoteText } from '../../../src/core/sql.ts';
import { countLateRows } from '../../../src/jobs/incremental/late-rows.ts';
import { NO_NEEDS } from '../../../src/source/csv/staged-columns.ts';
import type { Database } from '../../../src/source/database.ts';
import { findFiles } from '../../../src/source/find-files.ts';
import { fingerprintInput } from '../../../src/source/fingerprint.ts';
import { type TakeOutcome, takeRows } from '../../../src/source/incremental/take-rows.ts';
import { openDatabase, parquetRows } from '../../support/database.ts';
import { temporaryFolder } from '../../support/project.ts';

let database: Database;

beforeAll(async () => {
  database = await openDatabase();
});

describe('rows that came late', () => {
  const last = { rowsAtTo: 2, rowsUpTo: 10 };

  it.each([
    ['none where nothing has changed', { at: 2, upTo: 10 }, 0],
    ['those below the watermark', { at: 2, upTo: 13 }, 3],
    ['those at the watermark', { at: 3, upTo: 11 }, 1],
    ['those at the watermark, although others were deleted', { at: 3, upTo: 5 }, 1],
    ['none where rows were deleted', { at: 0, upTo: 5 }, 0],
  ])('are %s', (_, passed, late) => {
    expect(countLateRows(last, passed)).toBe(late);
  });

  it('are none without a watermark; after a run of an earlier version, those at the watermark', () => {
    expect(countLateRows(last, null)).toBe(0);
    expect(countLateRows({ rowsAtTo: 2 }, { at: 5, upTo: 100 })).toBe(3);
  });
});

interface Step {
  /** Values of rows that arrive; null: a row that is rejected. */
  readonly arrive: readonly (number | null)[];
  /** Whether the run that looks then is killed before its commit, and what the next command does about it. */
  readonly killed: 'no' | 'planned anew' | 'continued';
}

/** A table that rows are added to, and the runs that take it. */
class Growing {
  readonly folder: string;
  #rows = 0;

  constructor(folder: string) {
    this.folder = folder;
  }

  async add(values: Step['arrive']): Promise<void> {
    const list = values.map((at) => `(${at ?? 'NULL'}::BIGINT, ${this.#rows++})`);
    const path = quoteText(join(this.folder, `t-${this.#rows}.parquet`));
    await database.run(`COPY (FROM (VALUES ${list.join(', ')}) t("at", id)) TO ${path} (FORMAT parquet)`);
  }

  async look(above: string | null): Promise<TakeOutcome> {
    const path = join(this.folder, 't-*.parquet');
    return takeRows(database, {
      paths: [path],
      format: 'parquet',
      source: await fingerprintInput(await findFiles([path])),
      options: { hivePartitioning: 'auto', csv: {}, json: {} },
      stagedPath: join(this.folder, 'run/staged/input.parquet'),
      stagingRejectsPath: join(this.folder, 'run/rejects/staging.parquet'),
      unorderedPath: join(this.folder, 'run/rejects/unordered.parquet'),
      setAside: true,
      needs: NO_NEEDS,
      column: 'at',
      above: above === null ? null : { value: above, type: 'BIGINT' },
    });
  }
}

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    arrive: fc.array(fc.option(fc.integer({ min: 0, max: 9 }), { freq: 6 }), { minLength: 1, maxLength: 5 }),
    killed: fc.constantFrom<Step['killed']>('no', 'planned anew', 'continued'),
  }),
  { minLength: 1, maxLength: 5 },
);

describe('in whatever order rows arrive, and whichever runs are killed', () => {
  it('each row is taken by one run or counted as late by one', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (arrivals) => {
        const table = new Growing(await temporaryFolder());
        const runs: PlannedRun[] = [];
        const arrived: (number | null)[] = [];
        let unfinished: PlannedRun | null = null;
        const look = async (arrive: Step['arrive'], killed: Step['killed']): Promise<void> => {
          await table.add(arrive);
          arrived.push(...arrive);
          const planned: PlannedRun | null = unfinished ?? (await planRun(table, runs.at(-1) ?? null));
          unfinished = killed === 'continued' ? planned : null;
          if (planned !== null && killed === 'no') runs.push(planned);
        };
        for (const { arrive, killed } of arrivals) await look(arrive, killed);
        // One may be left to continue; another, of the greatest value, counts what came before it.
        await look([10], 'no');
        await look([11], 'no');
        const taken = runs.flatMap(({ ids }) => ids);
        const late = runs.reduce((sum, { lateRows }) => sum + lateRows, 0);
        expect(new Set(taken).size).toBe(taken.length);
        expect(taken.length + late).toBe(arrived.filter((at) => at !== null).length);
      }),
      { numRuns: 12 },
    );
  });
});

/** What of a run stands in its plan and its copy: the same whenever it is continued. */
interface PlannedRun {
  readonly to: string;
  readonly rowsAtTo: number;
  readonly rowsUpTo: number;
  readonly lateRows: number;
  readonly ids: readonly unknown[];
}

async function planRun(table: Growing, last: PlannedRun | null): Promise<PlannedRun | null> {
  const { taken, passed } = await table.look(last?.to ?? null);
  if (taken === null) return null;
  const { to, rowsAtTo, rowsUpTo, input } = taken;
  const rows = await parquetRows(database, ...input.files.map(({ path }) => path));
  const lateRows = last === null ? 0 : countLateRows(last, passed);
  return { to, rowsAtTo, rowsUpTo, lateRows, ids: rows.map(({ id }) => id) };
}
