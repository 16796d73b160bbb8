import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/core/errors.ts';
import type { Database } from '../../src/source/duckdb/database.ts';
import { openDatabase } from '../support/database.ts';
import { temporaryFolder } from '../support/project.ts';
import { type ScoredTable, scoreTable } from '../support/score-table.ts';
import { corpusFile, corpusFiles, describeCorpus } from './corpus.ts';

const REFUSED: readonly { readonly name: string; readonly code: ErrorCode; readonly says: RegExp }[] = [
  { name: 'mul_16.onnx', code: 'MODEL_UNREADABLE', says: /No Op registered for Mul16/ },
  { name: 'pipeline_vectorize.onnx', code: 'MODEL_UNSUPPORTED', says: /"float_input" is not a tensor/ },
  {
    name: 'test_arbitrary_external_file.onnx',
    code: 'MODEL_UNREADABLE',
    says: /External data path escapes model directory/,
  },
  {
    name: 'zipmap-string.onnx',
    code: 'MODEL_UNSUPPORTED',
    says: /no output that can become a column.*zipmap=False/,
  },
];

const USED = [
  'identity_string.onnx',
  'java-three-output-matmul.onnx',
  'logreg_iris.onnx',
  'mul_1.onnx',
  'mul_1_dynamic.onnx',
  'sklearn_bin_voting_classifier_soft.onnx',
];

describeCorpus('onnx/awkward', () => {
  let database: Database;
  let folder: string;

  beforeAll(async () => {
    database = await openDatabase();
    folder = await temporaryFolder();
  });

  /** Seven rows: no multiple of any fixed batch. */
  async function score(name: string, select: string, features: readonly string[]): Promise<ScoredTable> {
    const input = join(folder, `${name}.parquet`);
    await database.run(`COPY (SELECT ${select} FROM range(7)) TO '${input}' (FORMAT parquet)`);
    return scoreTable(database, { model: corpusFile('onnx/awkward', name), inputs: [input], features });
  }

  it('has no model of which it is not known what becomes of it', () => {
    expect([...USED, ...REFUSED.map(({ name }) => name)].sort()).toEqual(
      corpusFiles('onnx/awkward', '.onnx'),
    );
  });

  it.each(REFUSED)('$name is refused with the reason', async ({ name, code, says }) => {
    const run = score(name, 'range::FLOAT AS a', ['a']);
    await expect(run).rejects.toMatchObject({ code, exitCode: 3 });
    await expect(run).rejects.toThrow(says);
  });

  // Their weights [[1, 2], [3, 4], [5, 6]] meet the rows of each batch of three in turn.
  it.each(['mul_1.onnx', 'mul_1_dynamic.onnx'])(
    '%s has batches of three: seven rows in, seven out',
    async (name) => {
      const { rows, plan } = await score(name, '1::FLOAT AS a, range::FLOAT AS b', ['a', 'b']);
      expect(plan.batchSize).toBe(3);
      expect(rows).toEqual(
        [0, 1, 2, 3, 4, 5, 6].map((at) => ({ Y: [[1, 3, 5][at % 3], ([2, 4, 6][at % 3] ?? 0) * at] })),
      );
    },
  );

  it('identity_string.onnx has batches of two, of text', async () => {
    const { rows } = await score('identity_string.onnx', "'größe ' || range AS a, '' AS b", ['a', 'b']);
    expect(rows).toEqual([0, 1, 2, 3, 4, 5, 6].map((at) => ({ 'output:0': [`größe ${at}`, ''] })));
  });

  it('logreg_iris.onnx leaves its ZipMap out and gives one label a row', async () => {
    const select = 'CASE WHEN range % 2 = 0 THEN 20 ELSE 0 END::FLOAT AS a, 0::FLOAT AS b';
    const { rows, plan } = await score('logreg_iris.onnx', select, ['a', 'b']);
    expect(plan.model.signature.skippedOutputs).toMatchObject([{ name: 'probabilities' }]);
    expect(rows.map(({ label }) => label)).toEqual(['2', '1', '2', '1', '2', '1', '2']);
  });

  it('sklearn_bin_voting_classifier_soft.onnx gives texts', async () => {
    const { rows } = await score(
      'sklearn_bin_voting_classifier_soft.onnx',
      '(range - 3)::FLOAT AS a, 1::FLOAT AS b',
      ['a', 'b'],
    );
    expect(rows).toHaveLength(7);
    for (const row of rows) expect(row).toEqual({ output_label: expect.stringMatching(/./) });
  });

  it('java-three-output-matmul.onnx gives three lists a row, of which the third is the logarithm of the first', async () => {
    const list = ['a', 'b', 'c', 'd'];
    const { rows } = await score(
      'java-three-output-matmul.onnx',
      list.map((name, at) => `(range + ${at} + 1)::FLOAT AS ${name}`).join(', '),
      list,
    );
    expect(rows).toHaveLength(7);
    for (const row of rows) {
      const [first, third] = [row['output-0'], row['output-2']] as number[][];
      expect(first).toHaveLength(4);
      expect(row['output-1']).toHaveLength(4);
      expect(third?.map((value) => value.toFixed(4))).toEqual(
        first?.map((value) => Math.log(value).toFixed(4)),
      );
    }
  });
});
