import type { BenchCase } from './bench-case.ts';
import { csvStaging, treesCsv } from './csv-cases.ts';
import { gridJoins } from './grid-joins.ts';
import { lmdbLoad, treesLmdb } from './lmdb-cases.ts';
import { lookup } from './lookup.ts';
import { memory } from './memory.ts';
import { linearParquet, smallNetParquet, treesParquet, wideNetParquet } from './parquet-cases.ts';
import { pandas, plainPipeline } from './peer-cases.ts';
import { redisByDate } from './redis-by-date.ts';
import { redisLoad, treesRedis } from './redis-cases.ts';
import { redisLayouts } from './redis-layouts.ts';
import { serving } from './serving.ts';
import { start } from './start.ts';
import { treeEngine } from './tree-engine.ts';
import { variedRows } from './varied-rows.ts';

/** In the order in which they run. */
export const ALL_CASES: readonly BenchCase[] = [
  treesParquet,
  smallNetParquet,
  wideNetParquet,
  linearParquet,
  treesCsv,
  csvStaging,
  gridJoins,
  redisLoad,
  redisLayouts,
  redisByDate,
  treesRedis,
  lmdbLoad,
  treesLmdb,
  memory,
  lookup,
  serving,
  plainPipeline,
  pandas,
  start,
  variedRows,
  treeEngine,
];
