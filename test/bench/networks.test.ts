import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FEATURES } from '../../bench/data/feature-sql.ts';
import { networkGraph, writeNetwork } from '../../bench/data/networks.ts';
import { ModelSession } from '../../src/inference/model-session.ts';
import { temporaryFolder } from '../support/project.ts';

/** The same network in plain arithmetic. */
function answer(hidden: readonly number[], row: readonly number[]): number {
  const { weights = [] } = networkGraph(hidden);
  const values = new Map(weights.map((each) => [each.name, 'values' in each ? each.values : []]));
  let layer = [...row];
  for (let index = 0; index <= hidden.length; index++) {
    const matrix = values.get(`weights${index}`) ?? [];
    const bias = values.get(`bias${index}`) ?? [];
    layer = Array.from({ length: bias.length }, (_, output) => {
      const sum = layer.reduce(
        (total, value, input) => total + value * (matrix[input * bias.length + output] ?? Number.NaN),
        bias[output] ?? Number.NaN,
      );
      return index < hidden.length ? Math.max(0, sum) : sum;
    });
  }
  return layer[0] ?? Number.NaN;
}

describe('networks of the benchmark', () => {
  it.each([[[]], [[64, 32]], [[256, 256]]])(
    'with hidden layers %j give what their weights say',
    async (hidden) => {
      const path = join(await temporaryFolder(), 'network.onnx');
      await writeNetwork(path, hidden);
      const session = await ModelSession.open(path, { threads: 1 });
      const row = FEATURES.map((_, index) => index / 3 - 1);
      const data = Float32Array.from([...row, ...row.map((value) => -value)]);
      const result = await session.run(new Map([['features', { data, dims: [2, FEATURES.length] }]]), [
        'sales',
      ]);
      await session.close();
      expect(session.signature.featureNames).toEqual(FEATURES);
      const sales = result.get('sales');
      expect(sales?.dims).toEqual([2, 1]);
      expect(sales?.data[0]).toBeCloseTo(answer(hidden, row), 3);
      expect(sales?.data[1]).toBeCloseTo(
        answer(
          hidden,
          row.map((value) => -value),
        ),
        3,
      );
    },
  );

  it('are the same every time', () => {
    expect(networkGraph([4])).toEqual(networkGraph([4]));
  });
});
