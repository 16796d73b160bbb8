import { join } from 'node:path';
import { type AccuracyRecord, readAccuracyRecords } from '../../accuracy/accuracy-record.ts';
import { readFigures } from '../../accuracy/figures.ts';
import type { SegmentFigures } from '../../core/accuracy.ts';
import { quoteFile } from '../../core/text/sql.ts';
import type { RunPaths } from '../../runs/layout.ts';
import type { Database } from '../../source/duckdb/database.ts';

/** How good a run was, by the newest actuals. */
export interface AccuracyFacts {
  readonly record: AccuracyRecord;
  /** Records of the run: more than one where actuals were revised, or more of them came. */
  readonly records: number;
  /** Of each column, the segments with the greatest WAPE, the worst first. */
  readonly worst: readonly SegmentFigures[];
}

/** Segments that are shown of one column. */
const WORST_SEGMENTS = 8;

/** Null: the run is not scored. Throws DuckDB's errors. */
export async function readAccuracy(database: Database, paths: RunPaths): Promise<AccuracyFacts | null> {
  const records = await readAccuracyRecords(paths.accuracy);
  const record = records.at(-1);
  if (record === undefined) return null;
  const worst = await readFigures(
    database,
    `SELECT * FROM read_parquet(${quoteFile(join(paths.accuracy, record.segments))})
     WHERE segment_by NOT IN ('whole', 'horizon', 'weekday') AND wape IS NOT NULL
     QUALIFY row_number() OVER (PARTITION BY segment_by ORDER BY wape DESC, segment) <= ${WORST_SEGMENTS}
     ORDER BY segment_by, wape DESC, segment`,
  );
  return { record, records: records.length, worst };
}
