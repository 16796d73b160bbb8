import { execFileSync } from 'node:child_process';
import { symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import protobuf from 'protobufjs/minimal.js';
import { describe, expect, it } from 'vitest';
import { parseOnnxFile } from '../../../src/inference/onnx/onnx-file.ts';
import { readOnnxFile } from '../../../src/inference/onnx/read-onnx-file.ts';
import { REPOSITORY } from '../../support/cli.ts';
import { networkGraph } from '../../support/networks.ts';
import { identityGraph, ML_DOMAIN, type OnnxNode, onnxFile } from '../../support/onnx.ts';
import { temporaryFolder } from '../../support/project.ts';

/** A protobuf message of fields that are texts or messages. */
function message(...fields: (readonly [number, string | Uint8Array])[]): Uint8Array {
  const writer = protobuf.Writer.create();
  for (const [field, value] of fields) {
    writer.uint32((field << 3) | 2);
    if (typeof value === 'string') writer.string(value);
    else writer.bytes(value);
  }
  return writer.finish();
}

describe('reads from an .onnx file', () => {
  it('its metadata', () => {
    const metadata = { feature_names: '["price", "größe"]', empty: '', author: 'tests' };
    const read = parseOnnxFile(onnxFile({ ...identityGraph(2), metadata }));
    expect(Object.fromEntries(read.metadata)).toEqual(metadata);
    expect(read.externalDataFiles).toEqual([]);
  });

  it('the versions of the operators it was written for', async () => {
    const { opsets } = await readOnnxFile(join(REPOSITORY, 'fixtures', 'sales.onnx'));
    expect(opsets).toEqual([
      { domain: 'ai.onnx', version: 17 },
      { domain: 'ai.onnx.ml', version: 3 },
    ]);
    // Version first, as protobuf allows; a domain that is not said is ONNX's own.
    const reversed = protobuf.Writer.create().uint32(16).int32(17).finish();
    expect(parseOnnxFile(message([8, reversed])).opsets).toEqual([{ domain: 'ai.onnx', version: 17 }]);
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

  it('weights in attributes, and in the graphs of branches, too', () => {
    const tensor = (file: string): Uint8Array => message([13, message([1, 'location'], [2, file])]);
    const branch = message(
      [1, message([5, message([1, 'value'], [5, tensor('constant.bin')])])],
      [5, tensor('branch.bin')],
    );
    const graph = message([1, message([4, 'If'], [5, message([1, 'then_branch'], [6, branch])])]);
    expect(parseOnnxFile(message([7, graph])).externalDataFiles).toEqual(['branch.bin', 'constant.bin']);
  });

  it('which inputs and outputs have no shape', () => {
    const [input, output] = [
      { name: 'x', elementType: 'float32', shape: null },
      { name: 'y', elementType: 'float32', shape: [] },
    ] as const;
    const graph = { ...identityGraph(1), inputs: [input], outputs: [output] };
    expect([...parseOnnxFile(onnxFile(graph)).withoutShape]).toEqual(['x']);
  });

  it('nothing where it has neither', () => {
    expect(parseOnnxFile(onnxFile(identityGraph(1)))).toMatchObject({
      metadata: new Map(),
      externalDataFiles: [],
    });
  });

  it('outputs that are labels of classes, or their scores, through a cast and behind a ZipMap', () => {
    const classifier = (attributes: OnnxNode['attributes']): OnnxNode => ({
      ...{ operator: 'LinearClassifier', domain: ML_DOMAIN, inputs: ['x'], outputs: ['raw', 'scores'] },
      attributes: { coefficients: { floats: [1, 2, 3] }, ...attributes },
    });
    const node = (operator: string, inputs: string[], outputs: string[]): OnnxNode => ({
      operator,
      inputs,
      outputs,
    });
    const graph = {
      inputs: [{ name: 'x', elementType: 'float32', shape: ['rows', 1] }],
      outputs: [
        { name: 'label', elementType: 'int64', shape: ['rows'] },
        { name: 'p', elementType: 'float32', shape: ['rows', 3] },
        { name: 'sum', elementType: 'float32', shape: ['rows'] },
      ],
      nodes: [
        classifier({ classlabels_ints: [7, 8, 9] }),
        node('Cast', ['raw'], ['label']),
        node('Softmax', ['scores'], ['p']),
        node('ReduceSum', ['p'], ['sum']),
      ],
    } as const;
    const labels = ['7', '8', '9'];
    expect(parseOnnxFile(onnxFile(graph)).classes).toEqual({
      label: { kind: 'label', labels },
      p: { kind: 'scores', labels },
    });
    const named = {
      ...graph,
      nodes: [classifier({ classlabels_strings: { texts: ['a', 'b', 'c'] } }), ...graph.nodes.slice(1)],
    };
    expect(parseOnnxFile(onnxFile(named)).classes.p?.labels).toEqual(['a', 'b', 'c']);
    expect(parseOnnxFile(onnxFile(identityGraph(1))).classes).toEqual({});
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
    ['a file that does not exist', null, 'MODEL_NOT_FOUND', 'There is no model '],
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

  it.each<[what: string, make: (path: string) => void, says: string]>([
    [
      'a pipe, which would never end',
      (path) => execFileSync('mkfifo', [path]),
      'is a pipe, a socket or a device',
    ],
    ['a device', (path) => symlinkSync('/dev/zero', path), 'is a pipe, a socket or a device'],
    [
      'more than 2 GiB',
      (path) => {
        writeFileSync(path, '');
        truncateSync(path, 2_200_000_000);
      },
      'has 2.2 GB; a single .onnx file ends at 2 GiB. Export it with external data',
    ],
  ])('%s', async (_, make, says) => {
    const path = join(await temporaryFolder(), 'model.onnx');
    make(path);
    await expect(readOnnxFile(path)).rejects.toMatchObject({
      code: 'MODEL_UNREADABLE',
      exitCode: 3,
      message: expect.stringContaining(says),
    });
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
