import { join } from 'node:path';
import { quoteText } from '../../src/core/text/sql.ts';
import { FIRST_DAY } from '../data/sales-sql.ts';
import { measureCopyOf, sumOfFeatures } from '../limits/duckdb-copy.ts';
import { writeGridProject } from '../project/project.ts';
import { measureRunOf } from '../project/serve-batch.ts';
import { REPOSITORY } from '../repository.ts';
import { type BenchCase, type Figure, type Results, resultOf } from './bench-case.ts';
import { SERVE_BATCH_NAME } from './contenders.ts';

const COPY = "DuckDB's COPY of the joined rows";
const DAYS = 1;
const ROWS = 100 * 1_000 * 24 * DAYS;

/** A day of the hourly forecast: a grid of stores, products and hours, with four tables joined to it. */
export const gridJoins: BenchCase = {
  name: 'grid-joins',
  about: "a grid with four joined tables, scored by trees, beside DuckDB's own COPY of the same rows",
  runs: 'once',
  estimateSeconds: () => ({ prepare: 0, round: 12 }),
  async prepare(bench) {
    const { data, runFlags, cores } = bench;
    const write = (folder: string): Promise<void> => writeGridProject(folder, DAYS);
    return {
      contenders: [
        {
          name: SERVE_BATCH_NAME,
          measure: () => measureRunOf(data, write, { rows: ROWS, flags: runFlags }),
        },
        {
          name: COPY,
          measure: () => measureCopyOf(data, { select: joinedRows(), rows: ROWS, threads: cores }),
        },
      ],
      figures: gridFigures,
    };
  },
};

/** What the job selects, in one statement that reads each table once. */
function joinedRows(): string {
  const file = (name: string): string => quoteText(join(REPOSITORY, 'fixtures', name));
  return `
    SELECT input.store, input.product, CAST(time AS DATE) AS date, hour(time) AS hour, ${sumOfFeatures()} AS sales
    FROM (
      SELECT *, isodow(time) - 1 AS day_of_week, month(time) AS month
      FROM (SELECT store FROM read_csv(${file('stores.csv')})), (SELECT product FROM read_csv(${file('products.csv')})),
        range(TIMESTAMP '${FIRST_DAY}', TIMESTAMP '${FIRST_DAY}' + INTERVAL ${DAYS} DAY, INTERVAL 1 HOUR) AS hours(time)
    ) AS input
    LEFT JOIN read_csv(${file('stores.csv')}) USING (store)
    LEFT JOIN read_csv(${file('products.csv')}) USING (product)
    LEFT JOIN read_parquet(${file('demand.parquet')}) USING (store, product)
    LEFT JOIN (SELECT product AS promoted, date AS day, discount FROM read_csv(${file('promos.csv')}))
      ON promoted = input.product AND day = CAST(time AS DATE)`;
}

function gridFigures(results: Results): readonly Figure[] {
  const [run, copy] = [resultOf(results, SERVE_BATCH_NAME), resultOf(results, COPY)];
  const { writeSeconds, inferSeconds, featuresSeconds, readSeconds } = run.details;
  const value = (run.cpuSeconds ?? Number.NaN) / (copy.cpuSeconds ?? Number.NaN);
  const inShards = [readSeconds, featuresSeconds, inferSeconds, writeSeconds].map((each) =>
    Number(each).toFixed(2),
  );
  return [
    {
      ...{
        title: "grid with four joins, CPU by DuckDB's COPY of the joined rows",
        value,
        unit: 'x',
        target: null,
      },
      note: `seconds in shards: opening ${inShards[0]}, rows to and from the model ${inShards[1]}, model ${inShards[2]}, SQL ${inShards[3]}`,
    },
  ];
}
