import { describe, expect, it } from 'vitest';
import type { Dimension, ElementType, ModelSignature, TensorSpec } from '../../src/core/model.ts';
import { type BindOutputsRequest, bindOutputs } from '../../src/features/bind-outputs.ts';

const tensor = (
  name: string,
  shape: readonly Dimension[] | null,
  elementType: ElementType = 'float32',
): TensorSpec => ({ name, elementType, shape });

const MODEL: ModelSignature = {
  inputs: [],
  outputs: [tensor('label', ['rows'], 'int64'), tensor('probabilities', ['rows', 3])],
  skippedOutputs: [{ name: 'scores', reason: 'not a tensor (a sequence or a map)' }],
  featureNames: null,
};

function bind(changes: Partial<BindOutputsRequest> = {}) {
  return bindOutputs({
    signature: MODEL,
    outputs: null,
    rename: {},
    vectors: 'list',
    keptColumns: [],
    observedWidths: new Map(),
    ...changes,
  });
}

describe('outputs become', () => {
  it('one column a scalar and one list a vector', () => {
    expect(bind()).toEqual([
      { output: 'label', elementType: 'int64', width: 1, shape: 'scalar', columns: ['label'] },
      {
        output: 'probabilities',
        elementType: 'float32',
        width: 3,
        shape: 'list',
        columns: ['probabilities'],
      },
    ]);
  });

  it('several columns a vector where the job says so', () => {
    expect(bind({ vectors: 'columns', rename: { probabilities: 'p' } })).toMatchObject([
      { columns: ['label'] },
      { shape: 'columns', columns: ['p_0', 'p_1', 'p_2'] },
    ]);
  });

  const classes = {
    label: { kind: 'label', labels: ['red', 'green', 'blue'] },
    probabilities: { kind: 'scores', labels: ['red', 'green', 'blue'] },
  } as const;

  it('columns with the labels of the classes in their names, and labels that are known to be labels', () => {
    const signature = { ...MODEL, classes };
    expect(bind({ signature, vectors: 'columns' })).toMatchObject([
      { columns: ['label'], isLabel: true },
      {
        columns: ['probabilities_red', 'probabilities_green', 'probabilities_blue'],
        labels: ['red', 'green', 'blue'],
      },
    ]);
    expect(bind({ signature })[1]).toMatchObject({
      shape: 'list',
      columns: ['probabilities'],
      labels: ['red', 'green', 'blue'],
    });
  });

  it.each([
    ['too few', ['red', 'green']],
    ['told apart by case only', ['a', 'A', 'b']],
  ])('numbered columns where the labels are %s', (_, labels) => {
    const signature = { ...MODEL, classes: { probabilities: { kind: 'scores' as const, labels } } };
    expect(bind({ signature, vectors: 'columns' })[1]).toMatchObject({
      columns: ['probabilities_0', 'probabilities_1', 'probabilities_2'],
    });
    expect(bind({ signature, vectors: 'columns' })[1]).not.toHaveProperty('labels');
  });

  it('only those that are wanted, in that order', () => {
    expect(bind({ outputs: ['probabilities', 'label'] }).map(({ output }) => output)).toEqual([
      'probabilities',
      'label',
    ]);
    expect(bind({ outputs: ['label'] })).toHaveLength(1);
  });

  it('what the trial showed', () => {
    const signature = { ...MODEL, outputs: [tensor('y', ['rows', 'k']), tensor('z', null)] };
    expect(bind({ signature, observedWidths: new Map([['y', 4]]) })).toMatchObject([
      { width: 4, shape: 'list' },
      { width: 1, shape: 'scalar' },
    ]);
  });
});

it.each<[shape: readonly Dimension[] | null, width: number]>([
  [['rows'], 1],
  [['rows', 1], 1],
  [['rows', 3], 3],
  [['rows', 2, 3], 6],
  [[3, 2], 2],
  [['rows', 'k'], 1],
  [['rows', null], 1],
  [[], 1],
  [null, 1],
])('without a trial, an output of shape %j has %j values a row', (shape, width) => {
  const signature = { ...MODEL, outputs: [tensor('y', shape)] };
  expect(bind({ signature })[0]?.width).toBe(width);
});

describe('says what cannot be:', () => {
  it.each<[what: string, changes: Partial<BindOutputsRequest>, says: string]>([
    [
      'an unknown output',
      { outputs: ['labels'] },
      'names "labels", but the model does not have it. Outputs that can be used: label, probabilities. Did you mean "label"?',
    ],
    ['an output that is not a tensor', { outputs: ['scores'] }, 'names "scores", but it is not a tensor'],
    [
      'a new name for an unknown output',
      { rename: { lable: 'x' } },
      'output.rename names the model output "lable"',
    ],
    [
      'the name of a kept column, in any case',
      { keptColumns: ['Label'] },
      'would be written as column "label", which is a column kept from the input',
    ],
    [
      'another case of a kept column',
      { rename: { label: 'LABEL' }, keptColumns: ['label'] },
      'column "LABEL", which is a column kept from the input',
    ],
    [
      'one name for two outputs, in any case',
      { rename: { label: 'PROBABILITIES' } },
      'which is the output "label"',
    ],
    ['one name for two outputs', { rename: { label: 'probabilities' } }, 'which is the output "label"'],
    [
      'one name for a column of a vector',
      { vectors: 'columns', keptColumns: ['probabilities_1'] },
      'column "probabilities_1", which is a column kept',
    ],
  ])('%s', (_, changes, says) => {
    expect(() => bind(changes)).toThrow(says);
    expect(() => bind(changes)).toThrow(expect.objectContaining({ code: 'SCHEMA_MISMATCH' }));
  });
});
