import { readFile } from 'node:fs/promises';
import { type OnnxGraph, onnxFile } from '../support/onnx.ts';
import type { Project } from '../support/project.ts';
import type { Row, WeekTables } from './simulated-weeks.ts';

/** Something wrong with a week that is complete all the same, and what stops it: gates of the job, or an error. */
export interface PlantedFault {
  readonly title: string;
  /** Names of gates, all of which must fail; or the code of an error. */
  readonly stoppedBy: readonly string[] | 'FEATURES_SELECT' | 'COVERAGE_TOO_LOW';
  readonly tables?: (week: WeekTables, before: WeekTables) => WeekTables;
  /** Text of the job file. */
  readonly job?: readonly [from: string, to: string];
  readonly model?: OnnxGraph;
}

const FEATURES = 'price,discount,day_of_week,month,size_sqm,lag_7,lag_14,mean_28,region,category';

/** `sales` is `weights · features + bias`. */
function linearModel(weights: readonly number[], bias: number): OnnxGraph {
  return {
    inputs: [{ name: 'features', elementType: 'float32', shape: ['rows', 10] }],
    outputs: [{ name: 'sales', elementType: 'float32', shape: ['rows', 1] }],
    nodes: [
      { operator: 'MatMul', inputs: ['features', 'w'], outputs: ['product'] },
      { operator: 'Add', inputs: ['product', 'b'], outputs: ['sales'] },
    ],
    weights: [
      { name: 'w', shape: [10, 1], values: weights },
      { name: 'b', values: [bias] },
    ],
    metadata: { feature_names: FEATURES },
  };
}

const only = (index: number, weight: number): number[] =>
  Array.from({ length: 10 }, (_, each) => (each === index ? weight : 0));

const changed = (rows: readonly Row[], change: (row: Row) => Row): readonly Row[] => rows.map(change);

export const PLANTED_FAULTS: readonly PlantedFault[] = [
  {
    title: 'columns swapped: price and discount',
    stoppedBy: ['features', 'promotions'],
    job: [
      'price,\n      coalesce(discount, 0) AS discount',
      'coalesce(discount, 0) AS price,\n      price AS discount',
    ],
  },
  {
    title: 'columns swapped: lag_14 and mean_28',
    stoppedBy: ['history'],
    tables: (week) => ({
      ...week,
      demand: changed(week.demand, (row) => ({
        ...row,
        lag_14: row.mean_28 ?? 0,
        mean_28: row.lag_14 ?? 0,
      })),
    }),
  },
  {
    title: 'price x 100',
    stoppedBy: ['features'],
    tables: (week) => ({
      ...week,
      products: changed(week.products, (row) => ({ ...row, price: Number(row.price) * 100 })),
    }),
  },
  {
    title: 'stale demand: the table of the week before',
    stoppedBy: ['demand is new', 'history'],
    tables: (week, before) => {
      const old = new Map(before.demand.map((row) => [`${row.store}:${row.product}`, row]));
      return {
        ...week,
        demand: changed(week.demand, (row) => old.get(`${row.store}:${row.product}`) ?? row),
      };
    },
  },
  {
    title: 'a store is missing',
    stoppedBy: ['rows'],
    tables: (week) => ({ ...week, stores: week.stores.filter(({ store }) => store !== 2) }),
  },
  {
    title: 'duplicated product rows',
    stoppedBy: 'FEATURES_SELECT',
    tables: (week) => ({ ...week, products: [...week.products, ...week.products.slice(0, 5)] }),
  },
  {
    title: 'constant output',
    stoppedBy: ['predictions', 'sales', 'model'],
    model: linearModel(only(0, 0), 3),
  },
  {
    title: 'a category renamed',
    stoppedBy: 'COVERAGE_TOO_LOW',
    tables: (week) => ({
      ...week,
      products: changed(week.products, (row) =>
        row.category === 'drinks' ? { ...row, category: 'beverages' } : row,
      ),
    }),
  },
  {
    title: 'a category renamed, and filled with the first one',
    stoppedBy: ['features'],
    job: [
      "'snacks'], category) - 1 AS category",
      "'snacks'], CASE WHEN category = 'drinks' THEN 'bakery' ELSE category END) - 1 AS category",
    ],
  },
  {
    title: 'a time zone off by one day: the dates of the rows',
    stoppedBy: ['week'],
    job: ['days: 7', 'date: {from: "{{ occurrence.date - 1d }}", days: 7}'],
  },
  {
    title: 'a time zone off by one day: the weekday',
    stoppedBy: ['calendar'],
    job: ['isodow(date) - 1', 'isodow(date - 1) - 1'],
  },
  {
    title: 'half of the promotions',
    stoppedBy: ['promotions'],
    tables: (week) => ({ ...week, promos: week.promos.filter((_, index) => index % 2 === 0) }),
  },
  {
    title: 'an old model',
    stoppedBy: ['model'],
    model: linearModel([0, 4, 0, 0, 0, 0.3, 0.2, 0.5, 0, 0], 0),
  },
  {
    title: 'NaN outputs',
    stoppedBy: ['predictions'],
    // Infinity times a discount of 0 is NaN.
    model: linearModel(only(1, Number.POSITIVE_INFINITY), 0),
  },
  {
    title: 'a doubled file: each row of the demand twice',
    stoppedBy: 'FEATURES_SELECT',
    tables: (week) => ({ ...week, demand: [...week.demand, ...week.demand] }),
  },
  {
    title: 'a doubled file: sales were counted twice',
    stoppedBy: ['features', 'history'],
    tables: (week) => ({
      ...week,
      demand: changed(week.demand, (row) => ({
        ...row,
        lag_7: Number(row.lag_7) * 2,
        lag_14: Number(row.lag_14) * 2,
        mean_28: Number(row.mean_28) * 2,
      })),
    }),
  },
];

/** Changes the job file and the model as a fault says; gives back what puts them right again. */
export async function plant(project: Project, { job, model }: PlantedFault): Promise<() => Promise<void>> {
  const jobFile = 'jobs/weekly-forecast.yaml';
  const [text, bytes] = [
    await readFile(project.path(jobFile), 'utf8'),
    await readFile(project.path('fixtures/sales.onnx')),
  ];
  if (job !== undefined) {
    if (!text.includes(job[0])) throw new Error(`The job has no "${job[0]}"`);
    await project.write(jobFile, text.replace(...job));
  }
  if (model !== undefined) await project.write('fixtures/sales.onnx', onnxFile(model));
  return async () => {
    await project.write(jobFile, text);
    await project.write('fixtures/sales.onnx', bytes);
  };
}
