import { describe, expect, it } from 'vitest';
import {
  type KeptColumnsRequest,
  planKeptColumns,
  withoutPredictions,
} from '../../src/planning/plan-kept-columns.ts';

const INPUT = ['date', 'store', 'product', 'price'].map((name) => ({ name, type: 'BIGINT' }));

function plan(changes: Partial<KeptColumnsRequest> = {}): string[] {
  const request = { keyColumns: [], wanted: [], inputColumns: INPUT, selectColumns: null, ...changes };
  return planKeptColumns(request).map(({ name, type }) => `${name} ${type}`);
}

it.each<[what: string, changes: Partial<KeptColumnsRequest>, kept: string[]]>([
  ['nothing where nothing is asked for', {}, []],
  [
    'keys first, in the order of the key',
    { keyColumns: ['store', 'product', 'date'], wanted: ['price'] },
    ['store BIGINT', 'product BIGINT', 'date BIGINT', 'price BIGINT'],
  ],
  [
    'a key that is wanted too, once',
    { keyColumns: ['store'], wanted: ['price', 'store'] },
    ['store BIGINT', 'price BIGINT'],
  ],
  [
    'all columns of the input, keys first',
    { keyColumns: ['product'], wanted: '*' },
    ['product BIGINT', 'date BIGINT', 'store BIGINT', 'price BIGINT'],
  ],
  [
    'the type that the SELECT gives',
    { wanted: ['price'], selectColumns: [{ name: 'price', type: 'DOUBLE' }] },
    ['price DOUBLE'],
  ],
  [
    'a column that only the SELECT has',
    { wanted: ['margin'], selectColumns: [{ name: 'margin', type: 'DOUBLE' }] },
    ['margin DOUBLE'],
  ],
])('keeps %s', (_, changes, kept) => {
  expect(plan(changes)).toEqual(kept);
});

describe('says which columns are missing', () => {
  it('all at once, who needs them, and what is near', () => {
    const missing = () => plan({ keyColumns: ['stor'], wanted: ['weight'] });
    expect(missing).toThrow(
      expect.objectContaining({ code: 'SCHEMA_MISMATCH', fields: { missing: ['stor', 'weight'] } }),
    );
    expect(missing).toThrow('column "stor" is missing; kv.key or kv.field needs it. Did you mean "store"?');
    expect(missing).toThrow('column "weight" is missing; output.columns needs it.');
  });
});

it('a column that was kept unasked gives way to a prediction of its name', () => {
  const kept = withoutPredictions(INPUT, [
    { output: 'y', elementType: 'float32', width: 1, shape: 'scalar', columns: ['Price'] },
  ]);
  expect(kept.map(({ name }) => name)).toEqual(['date', 'store', 'product']);
});
