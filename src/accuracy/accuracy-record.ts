import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { AccuracyFigures, SegmentFigures } from '../core/accuracy.ts';
import { listAnew } from '../core/files/mirror.ts';
import type { Immutable } from '../core/immutable.ts';
import { isMissing, jsonText, readJsonIfValid } from '../runs/json-file.ts';
import { createFileExclusively } from '../storage/local/exclusive-file.ts';

const count = z.int().nonnegative();
const amount = z.number().nonnegative();
const maybe = z.number().nullable();

const figures: z.ZodType<AccuracyFigures> = z.object({
  ...{ predictions: count, scored: count, absoluteError: amount, absoluteActual: amount },
  ...{ wape: maybe, mae: maybe, bias: maybe, biasShare: maybe, rmsse: maybe },
  naive: z.object({
    ...{ scored: count, absoluteError: amount, absoluteErrorOfPredictions: amount },
    ...{ wape: maybe, mae: maybe, rmsse: maybe, skill: maybe },
  }),
  quantiles: z.array(
    z.object({ quantile: z.number(), column: z.string(), scored: count, pinball: maybe, below: maybe }),
  ),
  intervals: z.array(
    z.object({
      ...{ level: z.number(), lower: z.string(), upper: z.string() },
      ...{ scored: count, coverage: maybe, width: maybe },
    }),
  ),
});

const segments: z.ZodType<readonly SegmentFigures[]> = z.array(
  z.object({ by: z.string(), segment: z.string(), figures }),
);

const recordSchema = z.object({
  formatVersion: z.literal(1),
  runId: z.string(),
  /** From 1: revised actuals make a new record, and the old one stays. */
  number: z.int().positive(),
  /** Of the actuals that the figures come from, and of what of the job decides them. */
  version: z.string(),
  /** ISO 8601: later actuals, and later revisions, are not in it. */
  scoredAt: z.iso.datetime(),
  /** When the run was made, in the time zone of the job, without one. */
  origin: z.string(),
  /** When the run was published the last time; null: never. */
  publishedAt: z.iso.datetime().nullable(),
  prediction: z.string(),
  column: z.string(),
  /** The newest predicted time that has an actual; null: predictions are for no date, or none has one. */
  actualsUntil: z.string().nullable(),
  /** Rows of the actuals that were left out: without a key, a date or a finite actual. */
  unusableActuals: count,
  /** Predictions that were published only once what they predict was over: a backtest, not a forecast. */
  afterwards: count,
  /** The file beside this one with all segments. */
  segments: z.string(),
  whole: figures,
  horizons: segments,
  weekdays: segments,
});

/** How good one run was, as far as actuals were known. */
export type AccuracyRecord = Immutable<z.infer<typeof recordSchema>>;

function recordFile(folder: string, number: number): string {
  return join(folder, `${String(number).padStart(4, '0')}.json`);
}

/** The records of a run, oldest first. What cannot be read is left out. */
export async function readAccuracyRecords(folder: string): Promise<readonly AccuracyRecord[]> {
  const records: AccuracyRecord[] = [];
  for (const number of await recordNumbers(folder)) {
    const record = await readJsonIfValid(recordFile(folder, number), recordSchema);
    if (record !== undefined) records.push(record);
  }
  return records;
}

/** The newest record of a run; undefined where it is not scored. */
export async function newestAccuracy(folder: string): Promise<AccuracyRecord | undefined> {
  for (const number of (await recordNumbers(folder)).toReversed()) {
    const record = await readJsonIfValid(recordFile(folder, number), recordSchema);
    if (record !== undefined) return record;
  }
  return undefined;
}

/** Adds a record, in one step. False where another process has added one of that number. */
export function addAccuracyRecord(folder: string, record: AccuracyRecord): Promise<boolean> {
  return createFileExclusively(recordFile(folder, record.number), jsonText(record));
}

/** Of the records of a run, in order. */
async function recordNumbers(folder: string): Promise<readonly number[]> {
  await listAnew(folder);
  try {
    const names = await readdir(folder);
    return names
      .flatMap((name) => /^(\d{4,})\.json$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** The number of the next record. */
export async function nextNumber(folder: string): Promise<number> {
  return ((await recordNumbers(folder)).at(-1) ?? 0) + 1;
}
