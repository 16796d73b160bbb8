import { join } from 'node:path';
import { modelFile } from '../data/models.ts';
import { rowCountText } from '../data/row-count.ts';
import { measureCommand } from '../measure/measure-command.ts';
import { measureKnownRun, measureRun } from '../project/serve-batch.ts';
import { REPOSITORY } from '../repository.ts';
import { type BenchCase, type Contender, type Figure, type Results, resultOf } from './bench-case.ts';

const FIXTURE_ROWS = 7_000;
const KNOWN = `serve-batch, ${rowCountText(FIXTURE_ROWS)}, the model known`;

/** How long a user waits until anything is scored, and for a small table altogether. */
export const start: BenchCase = {
  name: 'start',
  about: 'from the start of the command to the first row scored, over the fixture and over a large table',
  runs: 'each',
  estimateSeconds: (rows) => ({ prepare: rows * 1.5e-6, round: 3 + rows * 1e-6 }),
  async prepare(bench, rows) {
    const fixture = join(REPOSITORY, 'fixtures/sales.parquet');
    const contender = async (model: 'trees' | 'small-net', input: string, rowsOf: number) => {
      const request = { model: await modelFile(bench.data, model), input, kvUrl: 'none', rows: rowsOf };
      return {
        name: nameOf(rowsOf),
        measure: () => measureRun(bench.data, { ...request, flags: bench.runFlags }),
      } satisfies Contender;
    };
    const trees = await modelFile(bench.data, 'trees');
    const known: Contender = {
      name: KNOWN,
      measure: () =>
        measureKnownRun(bench.data, {
          ...{ model: trees, input: fixture, kvUrl: 'none', rows: FIXTURE_ROWS },
          flags: bench.runFlags,
        }),
    };
    return {
      contenders: [
        bareNode,
        await contender('trees', fixture, FIXTURE_ROWS),
        known,
        await contender('small-net', await bench.data.table(rows), rows),
      ],
      figures: (results) => [
        firstRow(results, FIXTURE_ROWS),
        byBareNode(
          results,
          nameOf(FIXTURE_ROWS),
          'start to first row, by bare Node with DuckDB and ONNX Runtime',
        ),
        byBareNode(results, KNOWN, 'the same where a run used the model before'),
        firstRow(results, rows),
        wholeRun(results, nameOf(FIXTURE_ROWS), `the whole run of ${rowCountText(FIXTURE_ROWS)} rows`),
        wholeRun(results, KNOWN, 'the same where a run used the model before'),
      ],
    };
  },
};

/** What no program that uses both can be faster than: Node starts, loads the two libraries, and ends. */
const bareNode: Contender = {
  name: 'bare Node, DuckDB and ONNX Runtime',
  async measure() {
    const { wallSeconds, cpuSeconds, memory } = await measureCommand({
      program: process.execPath,
      args: ['-e', "require('@duckdb/node-api'); require('onnxruntime-node')"],
      cwd: REPOSITORY,
    });
    return { rows: 0, wallSeconds, cpuSeconds, memory, details: {} };
  },
};

function byBareNode(results: Results, name: string, title: string): Figure {
  const bare = resultOf(results, bareNode.name);
  const run = resultOf(results, name);
  return {
    title,
    value: secondsToFirstRow(results, name).seconds / bare.wallSeconds,
    unit: 'x',
    target: { atMost: 1.5 },
    note: `bare ${bare.wallSeconds.toFixed(2)} s; the whole run ${((run.cpuSeconds ?? 0) / (bare.cpuSeconds ?? 1)).toFixed(1)} x its processor time`,
  };
}

function wholeRun(results: Results, name: string, title: string): Figure {
  return { title, value: resultOf(results, name).wallSeconds, unit: 's', target: null };
}

function nameOf(rows: number): string {
  return `serve-batch, ${rowCountText(rows)}`;
}

function firstRow(results: Results, rows: number): Figure {
  const { seconds, isRecorded } = secondsToFirstRow(results, nameOf(rows));
  return {
    title: `start to first row scored, ${rowCountText(rows)} rows`,
    value: seconds,
    unit: 's',
    target: { atMost: 0.6 },
    ...(isRecorded ? {} : { note: 'to the beginning of the first shard: the record does not say more' }),
  };
}

/** By the record where it says so; else until the first shard began, which is a little earlier. */
function secondsToFirstRow(
  results: Results,
  name: string,
): { readonly seconds: number; readonly isRecorded: boolean } {
  const { firstRowSeconds, firstShardSeconds } = resultOf(results, name).details;
  const isRecorded = typeof firstRowSeconds === 'number';
  return { seconds: Number(isRecorded ? firstRowSeconds : firstShardSeconds), isRecorded };
}
