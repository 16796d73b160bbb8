import { expect, it } from 'vitest';
import { type Answer, differenceOf } from '../../src/inference/compare-answers.ts';

const floats = (...values: number[]): Answer => ({ elementType: 'float32', data: Float32Array.from(values) });
const whole = (...values: number[]): Answer => ({ elementType: 'int32', data: Int32Array.from(values) });
const labels = (...values: bigint[]): Answer => ({ elementType: 'int64', data: BigInt64Array.from(values) });
/** 1 and 1.001 and 1.01 as float16. */
const halves = (...bits: number[]): Answer => ({ elementType: 'float16', data: Uint16Array.from(bits) });

const compare = (cpu: Answer, device: Answer) =>
  differenceOf(new Map([['y', cpu]]), new Map([['y', device]]));

it.each<[string, Answer, Answer]>([
  ['the same', floats(1, -2, 0), floats(1, -2, 0)],
  ['a thousandth apart', floats(1000), floats(1000.9)],
  [
    'both nothing',
    floats(Number.NaN, Number.POSITIVE_INFINITY),
    floats(Number.NaN, Number.POSITIVE_INFINITY),
  ],
  ['both near 0', floats(1e-7), floats(-1e-7)],
  ['whole numbers', whole(3), whole(3)],
  ['labels', labels(2n), labels(2n)],
  ['of 16 bits', halves(0x3c00), halves(0x3c01)],
])('answers are the same: %s', (_, cpu, device) => {
  expect(compare(cpu, device)).toBeNull();
});

it.each<[string, Answer, Answer]>([
  ['too far apart', floats(1000), floats(1002)],
  ['near 0, and not', floats(0), floats(1e-4)],
  ['one is nothing', floats(1), floats(Number.NaN)],
  ['one is without end', floats(1), floats(Number.POSITIVE_INFINITY)],
  ['whole numbers', whole(30_000), whole(30_001)],
  ['labels', labels(2n), labels(3n)],
  ['of 16 bits', halves(0x3c00), halves(0x3c0a)],
])('answers differ: %s', (_, cpu, device) => {
  expect(compare(cpu, device)).toMatch(/^its output "y" is .+ where the CPU's is .+/);
});

it('answers differ where values are missing', () => {
  expect(compare(floats(1, 2), floats(1))).toBe('its output "y" has 1 values, not 2');
  expect(differenceOf(new Map([['y', floats(1)]]), new Map())).toBe('its output "y" has 0 values, not 1');
});
