import { expect, it } from 'vitest';
import { OperatorAtOnce } from '../../src/inference/operator-at-once.ts';

it('answers before it returns', () => {
  const from = new Float64Array(32).fill(2.25);
  const to = new Float64Array(32);
  const sqrt = OperatorAtOnce.open('Sqrt', 'float64', 32);
  sqrt?.run(from, to);
  sqrt?.close();
  expect(to).toEqual(new Float64Array(32).fill(1.5));
});

it('refuses an operator that ONNX Runtime does not have', () => {
  expect(() => OperatorAtOnce.open('Cube', 'float32', 16)).toThrow('Cube');
});
