import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ColumnWindow } from '../../../src/core/incremental.ts';
import { quoteText } from '../../../src/core/text/sql.ts';
import {
  countDeletedRows,
  countLateRows,
  deletedRowsWarning,
} from '../../../src/jobs/incremental/late-rows.ts';
import { NO_NEEDS } from '../../../src/source/csv/staged-columns.ts';
import type { Database } from '../../../src/source/duckdb/database.ts';
import { findFiles } from '../../../src/source/files/find-files.ts';
import { fingerprintInput } from '../../../src/source/files/fingerprint.ts';
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
    expect(countLateRows(last, { ...passed, late: null })).toBe(late);
  });

  it('are those below the lateness and those that are overtaken, where the job has one', () => {
    const passed = { at: 2, upTo: 20, late: { within: 8, taken: 5, overtaken: 1, below: 12 } };
    expect(countLateRows({ ...last, lateWindow: { from: null, rowsBelow: 10 } }, passed)).toBe(3);
    expect(countLateRows({ ...last, lateWindow: { from: null, rowsBelow: 15 } }, passed)).toBe(1);
  });

  it('are none without a watermark; after a run of an earlier version, those at the watermark', () => {
    expect(countLateRows(last, null)).toBe(0);
    expect(countLateRows({ rowsAtTo: 2 }, { at: 5, upTo: 100, late: null })).toBe(3);
  });
});

describe('rows that are gone, and hide as many that came too late', () => {
  const last = { column: 'n', to: '9', rowsUpTo: 10, rowsAtTo: 1 };

  it.each([
    ['none where nothing was deleted', { at: 2, upTo: 10 }, 0],
    ['none where more came than went: nobody can tell', { at: 2, upTo: 12 }, 0],
    ['what is missing', { at: 2, upTo: 7 }, 3],
  ])('are %s', (_, passed, deleted) => {
    expect(countDeletedRows(last, { ...passed, late: null })).toBe(deleted);
  });

  it('are those below the lateness, where the job has one: within it each row is known', () => {
    const lateWindow = { from: { value: '5', type: 'BIGINT' }, rowsBelow: 4 };
    const passed = { at: 1, upTo: 5, late: { within: 2, taken: 0, overtaken: 0, below: 3 } };
    expect(countDeletedRows({ ...last, lateWindow }, passed)).toBe(1);
    expect(deletedRowsWarning(1, { ...last, lateWindow })).toContain('1 row with n below 5 was deleted');
    expect(countDeletedRows(last, null)).toBe(0);
  });
});

interface Row {
  /** Null: the row is rejected. */
  readonly at: number | null;
  /** Rows with one id and one value are the same to everybody. */
  readonly id: number;
}

interface Step {
  readonly arrive: readonly Row['at'][];
  /** Of rows there are, by place: twins arrive, or rows go, or rows that had gone come back. */
  readonly twins: readonly number[];
  readonly go: readonly number[];
  readonly return: readonly number[];
  /** Whether the run that looks then is killed before its commit, and what the next command does about it. */
  readonly killed: 'no' | 'planned anew' | 'continued';
}

/** What of a run stands in its plan, its copy and its list of known rows: the same whenever it is continued. */
interface PlannedRun {
  readonly window: ColumnWindow;
  readonly lateRows: number;
  readonly takenPath: string;
  /** Ids of the rows that it takes. */
  readonly ids: readonly number[];
  /** All rows that it saw. */
  readonly saw: ReadonlySet<Row>;
  readonly expectedIds: readonly number[];
  readonly expectedLate: number;
}

/** A table that rows are added to and taken from, and the runs that take it. */
class Growing {
  readonly folder: string;
  readonly lateness: number | null;
  readonly runs: PlannedRun[] = [];
  rows: readonly Row[] = [];
  #gone: readonly Row[] = [];
  #ids = 0;
  #plans = 0;

  constructor(folder: string, lateness: number | null) {
    this.folder = folder;
    this.lateness = lateness;
  }

  change(step: Omit<Step, 'killed'>, mode: 'twins' | 'deletions'): void {
    const pick = (rows: readonly Row[], places: readonly number[]): readonly Row[] =>
      rows.length === 0 ? [] : [...new Set(places.map((place) => rows[place % rows.length] as Row))];
    const came = step.arrive.map((at) => ({ at, id: this.#ids++ }));
    const twins = mode === 'twins' ? pick(this.rows, step.twins).map((row) => ({ ...row })) : [];
    const back = mode === 'deletions' ? pick(this.#gone, step.return) : [];
    const going = new Set(mode === 'deletions' ? pick(this.rows, step.go) : []);
    this.#gone = [...this.#gone.filter((row) => !back.includes(row)), ...going];
    this.rows = [...this.rows.filter((row) => !going.has(row)), ...came, ...twins, ...back];
  }

  /** What a run has to do, from what all rows are known to have gone through. */
  expected(last: PlannedRun | undefined): Pick<PlannedRun, 'expectedIds' | 'expectedLate'> {
    const seen = new Set(this.runs.flatMap(({ saw }) => [...saw]));
    const unseen = this.rows.filter(({ at }) => at !== null).filter((row) => !seen.has(row));
    const end = last === undefined ? -1 : Number(last.window.to);
    const isTaken = ({ at }: Row): boolean =>
      Number(at) > end || (this.lateness !== null && Number(at) >= end - this.lateness);
    return {
      expectedIds: unseen.filter(isTaken).map(({ id }) => id),
      expectedLate: last === undefined ? 0 : unseen.filter((row) => !isTaken(row)).length,
    };
  }

  async plan(): Promise<PlannedRun | null> {
    const path = join(this.folder, 't.parquet');
    const values = this.rows.map(({ at, id }) => `(${at ?? 'NULL'}::BIGINT, ${id}::INTEGER)`).join(', ');
    const table =
      values === '' ? 'SELECT 1::BIGINT AS "at", 1 AS id LIMIT 0' : `FROM (VALUES ${values}) t("at", id)`;
    await database.run(`COPY (${table}) TO ${quoteText(path)} (FORMAT parquet)`);
    const last = this.runs.at(-1);
    const expected = this.expected(last);
    const takenPath = join(this.folder, `taken-${this.#plans++}.parquet`);
    const { taken, passed } = await this.#take(path, takenPath, last);
    const lateRows = last === undefined ? 0 : countLateRows(last.window, passed);
    if (taken === null) {
      expect(expected.expectedIds).toEqual([]);
      return null;
    }
    const { input, column, to, rowsAtTo, rowsUpTo, lateWindow } = taken;
    const window: ColumnWindow = {
      ...{ kind: 'column', sequence: 1, after: null, full: false, column: 'at', columnType: column.type },
      ...{ from: last?.window.to ?? null, to, rowsAtTo, rowsUpTo },
      ...(lateWindow === null ? {} : { lateWindow }),
    };
    const copied = await parquetRows(database, ...input.files.map((file) => file.path));
    const saw = new Set(this.rows.filter(({ at }) => at !== null));
    return { ...expected, window, lateRows, takenPath, saw, ids: copied.map(({ id }) => Number(id)) };
  }

  async #take(path: string, takenPath: string, last: PlannedRun | undefined): Promise<TakeOutcome> {
    const { lateness } = this;
    const known = last?.window.lateWindow;
    const before =
      known === undefined || last === undefined ? null : { path: last.takenPath, from: known.from };
    return takeRows(database, {
      paths: [path],
      format: 'parquet',
      source: await fingerprintInput(await findFiles([path])),
      options: { hivePartitioning: 'auto', csv: {}, json: {} },
      stagedPath: join(this.folder, 'run/staged/input.parquet'),
      stagingRejectsPath: join(this.folder, 'run/rejects/staging.parquet'),
      unorderedPath: join(this.folder, 'run/rejects/unordered.parquet'),
      takenPath,
      setAside: true,
      needs: NO_NEEDS,
      column: 'at',
      above: last === undefined ? null : { value: last.window.to, type: last.window.columnType },
      late:
        lateness === null
          ? null
          : { lateness: { text: `${lateness}`, amount: lateness, isTime: false }, key: null, before },
    });
  }
}

const places = fc.array(fc.nat(50), { maxLength: 2 });
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    arrive: fc.array(fc.option(fc.integer({ min: 0, max: 12 }), { freq: 6 }), { maxLength: 4 }),
    ...{ twins: places, go: places, return: places },
    killed: fc.constantFrom<Step['killed']>('no', 'no', 'planned anew', 'continued'),
  }),
  { minLength: 2, maxLength: 6 },
);

describe('in whatever order rows arrive, are deleted and come back, and whichever runs are killed', () => {
  it.each(['twins', 'deletions'] as const)(
    'each row within the lateness is taken by one run, and each other one is counted by one (%s)',
    async (mode) => {
      await fc.assert(
        fc.asyncProperty(steps, fc.constantFrom(null, 0, 2, 5, 20), async (arrivals, lateness) => {
          const table = new Growing(await temporaryFolder(), lateness);
          let unfinished: PlannedRun | null = null;
          const look = async ({ killed, ...step }: Step): Promise<void> => {
            table.change(step, mode);
            const planned: PlannedRun | null = unfinished ?? (await table.plan());
            unfinished = killed === 'continued' ? planned : null;
            if (planned !== null && killed === 'no') table.runs.push(planned);
          };
          for (const step of arrivals) await look(step);
          // One may be left to continue; another, of the greatest value, counts what came before it.
          for (const at of [13, 14])
            await look({ ...{ arrive: [at], twins: [], go: [], return: [] }, killed: 'no' });
          for (const { ids, expectedIds, lateRows, expectedLate } of table.runs) {
            expect([...ids].sort()).toEqual([...expectedIds].sort());
            // What goes below the lateness hides as many that come there.
            if (mode === 'twins') expect(lateRows).toBe(expectedLate);
          }
        }),
        { numRuns: 10 },
      );
    },
  );
});
