import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RunFlags } from '../../src/config/run-flags.ts';
import type { Database } from '../../src/source/duckdb/database.ts';
import { corpusFile, describeCorpus } from '../corpus/corpus.ts';
import { REPOSITORY } from '../support/cli.ts';
import { openDatabase } from '../support/database.ts';
import { networkGraph } from '../support/networks.ts';
import { type OnnxGraph, writeOnnx } from '../support/onnx.ts';
import { temporaryFolder } from '../support/project.ts';
import { scoreTable } from '../support/score-table.ts';

/**
 * The last row of a shard is alone in its call with small batches, and one of many with larger ones. The
 * first shards have whole batches of each size, the second many remainders.
 */
const SHARD_ROWS = [4096 + 257, 513];
const ROWS = 5003;

let database: Database;
let folder: string;
beforeAll(async () => {
  database = await openDatabase();
  folder = await temporaryFolder();
});

/** The hashes of the parts, and the rejects. */
async function partsOf(flags: RunFlags) {
  const { records } = await scoreTable(database, flags);
  return records.map(({ part, rejects }) => ({ sha256: part.sha256, rejects }));
}

async function expectSameParts(flags: RunFlags, rejects = 0): Promise<void> {
  for (const shardRows of SHARD_ROWS) {
    const expected = await partsOf({ ...flags, shardRows, batchSize: 1024 });
    expect(expected.reduce((sum, shard) => sum + shard.rejects, 0)).toBe(rejects);
    for (const batchSize of [256, 4096])
      expect(await partsOf({ ...flags, shardRows, batchSize })).toEqual(expected);
  }
}

async function writeRows(columns: number): Promise<Pick<RunFlags, 'inputs' | 'features'>> {
  const path = join(folder, `${columns}.parquet`);
  const features = Array.from({ length: columns }, (_, index) => `f${index}`);
  const list = features.map(
    (name, at) => `(hash(range * 31 + ${at}) % 100000 / 25000.0 - 2)::FLOAT AS ${name}`,
  );
  await database.run(`COPY (SELECT ${list.join(', ')} FROM range(${ROWS})) TO '${path}' (FORMAT parquet)`);
  return { inputs: [path], features };
}

describe('the parts are byte-identical whatever the batch size, with', () => {
  it('trees', async () => {
    await expectSameParts({ model: join(REPOSITORY, 'fixtures/sales.onnx'), ...(await writeRows(10)) });
  });

  it.each<[title: string, graph: OnnxGraph]>([
    ['a linear model', networkGraph([21, 1])],
    ['a network', networkGraph([10, 64, 32, 1])],
    ['layers of odd widths', networkGraph([33, 17, 3])],
    // Values that are left over behind whole vectors are computed by another function.
    ['Softplus', networkGraph([10, 7, 5, 3], { activation: 'Softplus' })],
    // One row alone takes a kernel that sums in another order.
    ['weights that are not constant', networkGraph([21, 1], { weightsFromRows: true })],
    ['wide weights that are not constant', networkGraph([100, 50, 1], { weightsFromRows: true })],
  ])('%s', async (title, graph) => {
    const model = await writeOnnx(join(folder, `${title}.onnx`), graph);
    const columns = Number(graph.inputs[0]?.shape?.[1]);
    await expectSameParts({ model, ...(await writeRows(columns)) });
  });

  it('rows that the model fails on: their batches are halved, and the rows beside them are the same', async () => {
    const model = await writeOnnx(join(folder, 'lookup.onnx'), {
      inputs: [{ name: 'x', elementType: 'int64', shape: ['rows', 1] }],
      outputs: [{ name: 'y', elementType: 'float32', shape: ['rows', 1] }],
      nodes: [
        { operator: 'Gather', inputs: ['table', 'x'], outputs: ['found'] },
        { operator: 'Softplus', inputs: ['found'], outputs: ['y'] },
      ],
      weights: [{ name: 'table', values: Array.from({ length: 100 }, (_, at) => Math.sin(at) * 3) }],
    });
    const path = join(folder, 'lookup.parquet');
    await database.run(
      `COPY (SELECT CASE WHEN range % 1009 = 7 THEN 5000 ELSE hash(range) % 100 END::BIGINT AS x FROM range(${ROWS})) TO '${path}' (FORMAT parquet)`,
    );
    await expectSameParts({ model, inputs: [path], onInvalid: 'reject' }, 5);
  });
});

describeCorpus('onnx/tabular', () => {
  it.each([
    ['linear_regressor', 21],
    ['linear_classifier', 12],
    ['lgbm_regressor_tensor', 13],
    ['lgbm_classifier_tensor', 13],
    ['xgboost_classifier_tree', 13],
  ])('%s: the parts are byte-identical whatever the batch size', async (name, columns) => {
    const model = `${corpusFile('onnx/tabular', name)}/model.onnx`;
    await expectSameParts({ model, ...(await writeRows(columns)) });
  });
});
