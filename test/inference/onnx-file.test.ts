import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseOnnxFile, readOnnxFile } from '../../src/inference/onnx-file.ts';
import { REPOSITORY } from '../support/cli.ts';
import { networkGraph } from '../support/networks.ts';
import { identityGraph, onnxFile } from '../support/onnx.ts';
import { temporaryFolder } from '../support/project.ts';

describe('reads from an .onnx file', () => {
  it('its metadata', () => {
    const metadata = { feature_names: '["price", "größe"]', empty: '', author: 'tests' };
    const read = parseOnnxFile(onnxFile({ ...identityGraph(2), metadata }));
    expect(Object.fromEntries(read.metadata)).toEqual(metadata);
    expect(read.externalDataFiles).toEqual([]);
  });

  it('the files that hold its weights, each once and sorted', () => {
    const weights = [
      { name: 'w', file: 'weights/b.bin', length: 2 },
      { name: 'v', file: 'a.bin', length: 2 },
      { name: 'u', file: 'a.bin', length: 2 },
      { name: 'inside', values: [1, 2] },
    ];
    const { externalDataFiles } = parseOnnxFile(onnxFile({ ...identityGraph(2), weights }));
    expect(externalDataFiles).toEqual(['a.bin', 'weights/b.bin']);
  });

  it('nothing where it has neither', () => {
    expect(parseOnnxFile(onnxFile(identityGraph(1)))).toMatchObject({
      metadata: new Map(),
      externalDataFiles: [],
    });
  });

  it('operators, with their domains', async () => {
    const { operators } = await readOnnxFile(join(REPOSITORY, 'fixtures/sales.onnx'));
    expect(operators).toEqual([{ name: 'TreeEnsembleRegressor', domain: 'ai.onnx.ml' }]);
    expect(parseOnnxFile(onnxFile(networkGraph([2, 3, 1]))).operators.map(({ name }) => name)).toEqual([
      'MatMul',
      'Add',
      'Relu',
      'MatMul',
      'Add',
    ]);
  });
});

describe('says what is wrong with', () => {
  it.each<[what: string, content: Uint8Array | string | null, code: string, says: string]>([
    ['a file that does not exist', null, 'MODEL_NOT_FOUND', 'does not exist. Check model.path or --model'],
    ['an empty file', '', 'MODEL_UNREADABLE', 'is empty (0 bytes)'],
    [
      'a file that was cut off',
      onnxFile(identityGraph(4)).subarray(0, 60),
      'MODEL_UNREADABLE',
      'is not a complete ONNX model (60 bytes',
    ],
    ['text', 'this is not a model at all\n'.repeat(4), 'MODEL_UNREADABLE', 'its protobuf cannot be read'],
  ])('%s', async (_, content, code, says) => {
    const path = join(await temporaryFolder(), 'model.onnx');
    if (content !== null) await writeFile(path, content);
    await expect(readOnnxFile(path)).rejects.toMatchObject({ code, fields: expect.anything() });
    await expect(readOnnxFile(path)).rejects.toThrow(says);
  });

  it('a folder', async () => {
    const path = join(await temporaryFolder(), 'model.onnx');
    await mkdir(path);
    await expect(readOnnxFile(path)).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      message: expect.stringContaining('is a folder; expected an .onnx file'),
    });
  });
});
