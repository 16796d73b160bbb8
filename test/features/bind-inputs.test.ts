import { describe, expect, it } from 'vitest';
import type { Dimension, ElementType, ModelSignature, TensorSpec } from '../../src/core/model.ts';
import { type BindRequest, bindInputs } from '../../src/features/bind-inputs.ts';

const tensor = (
  name: string,
  shape: readonly Dimension[] | null,
  elementType: ElementType = 'float32',
): TensorSpec => ({ name, elementType, shape });

function signature(inputs: readonly TensorSpec[], changes: Partial<ModelSignature> = {}): ModelSignature {
  return { inputs, outputs: [tensor('y', ['rows', 1])], skippedOutputs: [], featureNames: null, ...changes };
}

const COLUMNS = [
  { name: 'price', type: 'DOUBLE' },
  { name: 'stock', type: 'BIGINT' },
  { name: 'Region', type: 'VARCHAR' },
];

function bind(request: Partial<BindRequest> & Pick<BindRequest, 'signature'>) {
  return bindInputs({
    columns: COLUMNS,
    featureColumns: null,
    fromText: false,
    tableName: 'sales.csv',
    ...request,
  });
}

const MATRIX = tensor('x', ['rows', 2]);

describe('a matrix input takes', () => {
  it('the columns that features.columns names, in that order', () => {
    expect(bind({ signature: signature([MATRIX]), featureColumns: ['stock', 'price'] })).toEqual([
      { input: 'x', elementType: 'float32', columns: ['stock', 'price'], rowShape: [2], fixedRows: null },
    ]);
  });

  it("the model's own feature names where the job names none", () => {
    const own = signature([MATRIX], { featureNames: ['price', 'stock'] });
    expect(bind({ signature: own })).toMatchObject([{ columns: ['price', 'stock'] }]);
    expect(bind({ signature: own, featureColumns: ['stock', 'price'] })).toMatchObject([
      { columns: ['stock', 'price'] },
    ]);
  });

  it('the same column twice only where the model itself names it twice', () => {
    const featureColumns = ['price', 'price'];
    expect(() => bind({ signature: signature([MATRIX]), featureColumns })).toThrow(
      /names the column "price" 2 times for model input "x"; each column is expected once/,
    );
    const own = signature([MATRIX], { featureNames: featureColumns });
    expect(bind({ signature: own, featureColumns })).toMatchObject([{ columns: featureColumns }]);
    expect(bind({ signature: own })).toMatchObject([{ columns: featureColumns }]);
  });

  it.each<[shape: readonly Dimension[] | null, columns: number, rowShape: readonly number[]]>([
    [['rows', 2], 2, [2]],
    [['rows', null], 2, [2]],
    [['rows', 'features'], 3, [3]],
    [['rows', 1, 2], 2, [1, 2]],
    [['rows', null, 2], 4, [2, 2]],
    [['rows', null, null], 3, [3, 1]],
    [null, 2, [2]],
    [['rows'], 1, []],
  ])('of shape %j with %i columns rows of shape %j', (shape, count, rowShape) => {
    const featureColumns = ['price', 'stock', 'size', 'days'].slice(0, count);
    const columns = featureColumns.map((name) => ({ name, type: 'DOUBLE' }));
    expect(bind({ signature: signature([tensor('x', shape)]), columns, featureColumns })).toMatchObject([
      { rowShape },
    ]);
  });
});

describe('inputs of one column', () => {
  it('are bound by name, the exact one before one in other case', () => {
    const inputs = [tensor('price', ['rows', 1]), tensor('region', ['rows'], 'string')];
    expect(bind({ signature: signature(inputs) })).toMatchObject([
      { input: 'price', columns: ['price'], rowShape: [1] },
      { input: 'region', columns: ['Region'], rowShape: [] },
    ]);
    const both = [...COLUMNS, { name: 'region', type: 'VARCHAR' }];
    expect(bind({ signature: signature(inputs), columns: both })).toMatchObject([
      {},
      { columns: ['region'] },
    ]);
  });

  it.each<[own: string[], column: string]>([
    [['PRICE'], 'price'],
    [['f0'], 'stock'],
    [['price', 'Region'], 'stock'],
  ])(
    "take the column of the model's one feature_name, where the table has it: %j",
    (featureNames, column) => {
      const model = signature([tensor('stock', ['rows', 1])], { featureNames });
      expect(bind({ signature: model })).toMatchObject([{ columns: [column] }]);
    },
  );

  it('may be named by a map', () => {
    const inputs = [MATRIX, tensor('where', ['rows', 1], 'string')];
    const featureColumns = { x: ['price', 'stock'], where: ['Region'] };
    expect(bind({ signature: signature(inputs), featureColumns })).toMatchObject([
      { columns: ['price', 'stock'] },
      { columns: ['Region'] },
    ]);
  });
});

it.each<[what: string, signature: ModelSignature, fixedRows: number | null]>([
  ['a first dimension of an input', signature([tensor('price', [3, 1])]), 3],
  [
    'a first dimension of a later input',
    signature([tensor('price', ['rows', 1]), tensor('stock', [4, 1])]),
    4,
  ],
  [
    'nowhere, where only outputs fix it: the trial shows more',
    signature([tensor('price', ['rows', 1])], { outputs: [tensor('y', [5, 1])] }),
    null,
  ],
  ['nowhere', signature([tensor('price', ['rows', 1])]), null],
])('takes the rows of every call from %s', (_, model, fixedRows) => {
  for (const binding of bind({ signature: model })) expect(binding.fixedRows).toBe(fixedRows);
});

describe('says what does not fit:', () => {
  it.each<[what: string, request: Partial<BindRequest> & Pick<BindRequest, 'signature'>, says: string[]]>([
    [
      'a missing column, with the nearest',
      { signature: signature([MATRIX]), featureColumns: ['prise', 'stock'] },
      ['column "prise" is missing; model input "x" needs it. Did you mean "price"?'],
    ],
    [
      'all columns that are missing, at once',
      { signature: signature([MATRIX]), featureColumns: ['weight', 'height'] },
      ['column "weight" is missing', 'column "height" is missing'],
    ],
    [
      'a text column of a typed table for a number',
      { signature: signature([tensor('Region', ['rows', 1])]) },
      ['column "Region" is VARCHAR; model input "Region" (float32 [rows, 1]) is float32', 'features.select'],
    ],
    [
      'a float for an integer',
      { signature: signature([tensor('price', ['rows', 1], 'int64')]) },
      ['column "price" is DOUBLE; model input "price" (int64 [rows, 1]) is int64'],
    ],
    [
      'another number of columns',
      { signature: signature([MATRIX]), featureColumns: ['price'] },
      ['model input "x" is float32 [rows, 2] and takes 2 columns; features.columns names 1'],
    ],
    [
      'feature names of another number',
      { signature: signature([MATRIX], { featureNames: ['price'] }) },
      ["the model's own feature_names are 1; name the columns in features.columns"],
    ],
    [
      'a matrix of which nobody names the columns',
      { signature: signature([MATRIX]) },
      ['it is not known which columns it takes', '--features price,stock'],
    ],
    [
      'a list for several inputs',
      { signature: signature([MATRIX, tensor('z', ['rows', 2])]), featureColumns: ['price', 'stock'] },
      ['features.columns maps each input to its list'],
    ],
    [
      'an input that the model does not have',
      { signature: signature([MATRIX]), featureColumns: { x: ['price', 'stock'], z: ['price'] } },
      ['features.columns names the model input "z", which the model does not have (it has x)'],
    ],
    [
      'an input without rows',
      { signature: signature([tensor('price', [])]), featureColumns: ['price'] },
      ['model input "price" is a single value without rows; it cannot be fed from a table'],
    ],
  ])('%s', (_, request, says) => {
    let message = '';
    try {
      bind(request);
    } catch (error) {
      expect(error).toMatchObject({ code: 'SCHEMA_MISMATCH' });
      message = String(error);
    }
    expect(message).toContain('sales.csv does not fit the model');
    for (const text of says) expect(message).toContain(text);
  });
});

it('takes text for a number where the file has no types', () => {
  const model = signature([tensor('Region', ['rows', 1])]);
  expect(bind({ signature: model, fromText: true })).toMatchObject([{ columns: ['Region'] }]);
});
