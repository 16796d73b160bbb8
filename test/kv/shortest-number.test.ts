import fc from 'fast-check';
import { expect, it } from 'vitest';
import { NUMBER_BYTES, putFloat32, putFloat64 } from '../../src/kv/shortest-number.ts';

function textOf(put: typeof putFloat32, value: number): string {
  const bytes = Buffer.alloc(2 + NUMBER_BYTES);
  return bytes.toString('utf8', 2, put(bytes, 2, [0, value], 1));
}

it.each([
  [0, '0.0'],
  [-0, '-0.0'],
  [3, '3.0'],
  [100, '100.0'],
  [0.1, '0.1'],
  [14.964146, '14.964146'],
  [-17.4, '-17.4'],
  [0.001, '0.001'],
  [9999999, '9999999.0'],
  [16777216, '16777216.0'],
  [3.4028234663852886e38, '3.4028235e+38'],
  [1.401298464324817e-45, '1e-45'],
])('the float32 %s is %j', (value, text) => {
  expect(textOf(putFloat32, Math.fround(value))).toBe(text);
});

/** Any float32 by its bits, and more of those that predictions are like. */
const float32 = fc.oneof(
  fc.float({ noNaN: true, noDefaultInfinity: true }),
  fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-2000), max: 2000 }),
  fc.integer({ min: -1_000_000, max: 1_000_000 }).map((cents) => Math.fround(cents / 100)),
);

it('reads back as the same float32, and no shorter text does', () => {
  fc.assert(
    fc.property(float32, (value) => {
      const text = textOf(putFloat32, value);
      expect(Object.is(Math.fround(Number(text)), value)).toBe(true);
      const digits = significantDigits(text);
      if (digits > 1) expect(isInside(Number(value.toPrecision(digits - 1)), value)).toBe(false);
    }),
    { numRuns: 20_000 },
  );
});

it('reads back as the same float64', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(Object.is(Number(textOf(putFloat64, value)), value)).toBe(true);
    }),
  );
});

it.each([
  [3, '3.0'],
  [-0, '-0.0'],
  [0.1, '0.1'],
  [1e21, '1e+21'],
])('the float64 %s is %j', (value, text) => {
  expect(textOf(putFloat64, value)).toBe(text);
});

/** Whether a decimal is nearer to a float32 than to others; not in the middle, which readers may take for either. */
function isInside(decimal: number, float32: number): boolean {
  return [1 - 2 ** -51, 1, 1 + 2 ** -51].every((factor) => Math.fround(decimal * factor) === float32);
}

function significantDigits(text: string): number {
  const [mantissa = ''] = text.split('e');
  return mantissa.replace(/[-.]/g, '').replace(/^0+/, '').replace(/0+$/, '').length;
}
