import { getFloat16 } from '@petamoriken/float16';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ElementType } from '../../src/core/model.ts';
import { castSql } from '../../src/features/cast-rules.ts';
import { FeatureBatch } from '../../src/features/feature-batch.ts';
import { streamChunks } from '../../src/source/duckdb/chunk-stream.ts';
import type { Database } from '../../src/source/duckdb/database.ts';
import { openDatabase } from '../support/database.ts';

/** Bits of a mantissa, and the exponent of the smallest step. */
const FORMATS = {
  float16: { bits: 11, least: -24 },
  float32: { bits: 24, least: -149 },
  float64: { bits: 53, least: -1074 },
} as const;
type Float = keyof typeof FORMATS;

let database: Database;
beforeAll(async () => {
  database = await openDatabase();
});

/** The float nearest to `whole / 10 ** scale`, ties to even: in whole numbers, without a rounding in between. */
function nearest(whole: bigint, scale: number, { bits, least }: (typeof FORMATS)[Float]): number {
  const [top, bottom] = [whole < 0n ? -whole : whole, 10n ** BigInt(scale)];
  if (top === 0n) return 0;
  // The exponent of the last bit: first by guess, then so that the mantissa has its bits.
  let step = Math.max(least, top.toString(2).length - bottom.toString(2).length - bits);
  let mantissa = quotient(top, bottom, step);
  if (mantissa >= 2n ** BigInt(bits)) mantissa = quotient(top, bottom, ++step);
  return Number(mantissa) * 2 ** step * (whole < 0n ? -1 : 1);
}

/** `top / bottom / 2 ** step`, to the nearest whole number, ties to even. */
function quotient(top: bigint, bottom: bigint, step: number): bigint {
  const a = step < 0 ? top << BigInt(-step) : top;
  const b = step > 0 ? bottom << BigInt(step) : bottom;
  const [floor, rest] = [a / b, a % b];
  const up = 2n * rest > b || (2n * rest === b && floor % 2n === 1n);
  return up ? floor + 1n : floor;
}

/** What the values of a column are in a tensor. */
async function inTensor(
  sqlValues: readonly string[],
  columnType: string,
  elementType: Float,
): Promise<number[]> {
  const batch = new FeatureBatch(
    [{ input: 'x', elementType, columns: ['v'], rowShape: [], fixedRows: null }],
    sqlValues.length,
  );
  const rows = sqlValues.map((value) => `('${value}')`).join(', ');
  const sql = `SELECT ${castSql('v', columnType, elementType)} FROM (SELECT CAST(t AS ${columnType}) AS v FROM (VALUES ${rows}) AS x(t))`;
  for await (const chunk of streamChunks(database, sql)) batch.append(chunk, 0, chunk.rows, 0);
  expect(batch.rows).toBe(sqlValues.length);
  const { data } = batch.tensors(0, batch.rows, batch.rows).get('x') ?? { data: [] };
  if (elementType !== 'float16') return Array.from(data as Float64Array);
  const bits = data as Uint16Array;
  const view = new DataView(bits.buffer, bits.byteOffset, bits.byteLength);
  return Array.from(bits, (_, index) => getFloat16(view, index * 2, true));
}

/** Always the same numbers, from 0 to 1. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Decimals of so many digits: random ones, and some just beside the middle between two floats. */
function decimals(
  precision: number,
  scale: number,
  format: (typeof FORMATS)[Float],
  count: number,
): bigint[] {
  const next = random(precision * 100 + scale + format.bits);
  const limit = 10n ** BigInt(precision);
  const digits = (): bigint => {
    const length = 1 + Math.floor(next() * precision);
    let text = '';
    for (let index = 0; index < length; index++) text += Math.floor(next() * 10);
    return BigInt(text) * (next() < 0.5 ? -1n : 1n);
  };
  const besideMiddle = (whole: bigint): bigint => {
    const size = whole < 0n ? -whole : whole;
    const bits = size.toString(2).length;
    const drop = bits - format.bits - 1;
    if (drop <= 0) return whole;
    const middle = ((size >> BigInt(drop)) | 1n) << BigInt(drop);
    return middle + BigInt(Math.floor(next() * 3)) - 1n;
  };
  return Array.from({ length: count }, (_, index) =>
    index % 3 === 0 ? besideMiddle(digits()) : digits(),
  ).filter((whole) => whole < limit && whole > -limit);
}

function decimalText(whole: bigint, scale: number): string {
  const digits = String(whole < 0n ? -whole : whole).padStart(scale + 1, '0');
  const point = digits.length - scale;
  return `${whole < 0n ? '-' : ''}${digits.slice(0, point)}${scale === 0 ? '' : `.${digits.slice(point)}`}`;
}

const PRECISIONS = [1, 4, 7, 9, 10, 12, 15, 16, 17, 18, 19, 22, 28, 30, 38];
const TARGETS: readonly Float[] = ['float32', 'float64'];

describe.each(TARGETS)('a DECIMAL becomes the nearest %s:', (elementType) => {
  it.each(PRECISIONS)('of %i digits', async (precision) => {
    const format = FORMATS[elementType];
    for (const scale of new Set([0, 2, Math.floor(precision / 2), precision - 1, precision])) {
      if (scale > precision) continue;
      const wholes = decimals(precision, scale, format, 400);
      const found = await inTensor(
        wholes.map((whole) => decimalText(whole, scale)),
        `DECIMAL(${precision},${scale})`,
        elementType,
      );
      const expected = wholes.map((whole) => nearest(whole, scale, format));
      expect(found).toEqual(expected.map((value) => (value === 0 ? 0 : value)));
    }
  });
});

describe.each(TARGETS)('a whole number becomes the nearest %s:', (elementType) => {
  it.each([
    ['INTEGER', 31],
    ['UINTEGER', 32],
    ['BIGINT', 63],
    ['UBIGINT', 64],
    ['HUGEINT', 127],
    ['UHUGEINT', 128],
  ] as const)('%s', async (type, bits) => {
    const format = FORMATS[elementType];
    const next = random(bits);
    const wholes = decimals(38, 0, format, 900)
      .map((whole) => (whole < 0n ? -whole : whole) % 2n ** BigInt(bits))
      .map((whole) => (type.startsWith('U') || next() < 0.5 ? whole : -whole));
    const found = await inTensor(wholes.map(String), type, elementType);
    expect(found).toEqual(
      wholes.map((whole) => nearest(whole, 0, format)).map((value) => (value === 0 ? 0 : value)),
    );
  });
});

it.each([
  ['DOUBLE', 'float32'],
  ['DOUBLE', 'float16'],
  ['FLOAT', 'float16'],
  ['VARCHAR', 'float32'],
  ['VARCHAR', 'float64'],
  ['BIGINT', 'float16'],
  ['DECIMAL(18,6)', 'float16'],
] as const)('%s becomes the nearest %s', async (type, elementType) => {
  const format = FORMATS[elementType];
  const scale = type === 'BIGINT' ? 0 : 6;
  const wholes = decimals(type === 'BIGINT' ? 4 : 10, scale, format, 600);
  // What a column holds may be rounded already: that is what is to be nearest to.
  const texts = wholes.map((whole) => decimalText(whole, scale));
  const held = type === 'FLOAT' ? texts.map((text) => Math.fround(Number(text))) : texts.map(Number);
  const found = await inTensor(texts, type, elementType);
  const expected = held.map((value, index) =>
    type === 'DOUBLE' || type === 'FLOAT'
      ? nearestOf(value, elementType)
      : nearest(wholes[index] ?? 0n, scale, format),
  );
  expect(found.map((value) => value + 0)).toEqual(expected.map((value) => value + 0));
});

/** The nearest float of what a double is, exactly: all its digits are behind the point of a long decimal. */
function nearestOf(value: number, elementType: Float): number {
  const digits = value.toFixed(60).replace('-', '');
  const whole = BigInt(digits.replace('.', ''));
  return nearest(value < 0 ? -whole : whole, 60, FORMATS[elementType]);
}

it.each<[text: string, elementType: ElementType]>([
  ['1_000', 'float32'],
  ['1_000', 'float64'],
  ['1_000', 'int32'],
  ['1e39', 'float32'],
  ['-1e400', 'float64'],
  ['0x10', 'float64'],
  ['0x10', 'int64'],
  ['1,5', 'float32'],
])('the text %s is nothing that fits %s', async (text, elementType) => {
  const [row] = await database.rows(
    `SELECT ${castSql('v', 'VARCHAR', elementType)} AS v FROM (SELECT '${text}' AS v)`,
  );
  expect(row?.v).toBeNull();
});

it('infinity is a value of its own', async () => {
  expect(await inTensor(['inf', '-Infinity'], 'VARCHAR', 'float32')).toEqual([Infinity, -Infinity]);
});
