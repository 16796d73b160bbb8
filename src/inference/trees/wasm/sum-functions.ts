import { Code, TYPE } from './code.ts';
import type { ModuleFunction } from './module.ts';
import { HEADER_BYTES } from './pattern-function.ts';

/** What is done with the weights of the leaves, tree after tree. */
export type Combine = 'add' | 'min' | 'max';

/** Above so many leaves, looking weights up one by one is faster than in tables of 16. */
export const MOST_TABLES = 4;

/** Offset of the tables in the record: after the addresses of leaf numbers and sums. */
export const TABLES_AT = HEADER_BYTES + 8;

const COMBINE_VECTOR = { add: 'f32x4Add', min: 'f32x4Pmin', max: 'f32x4Pmax' } as const;
const LOW_BYTES = [0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23];
const LOW_PAIRS = [0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23];
const HIGH = 8;

/**
 * Adds the float32 weights of a tree with at most 16 leaves a table: leaf numbers, one byte a row, choose
 * from 16 leaves at once, for each of the four bytes of a weight. The record: leaf numbers, sums, and for each
 * table the lowest byte of 16 weights, the second, the third, the highest.
 */
export function tableSum(tables: number, combine: Combine): ModuleFunction {
  const code = new Code(2);
  const [record, rows] = [0, 1];
  const [source, sums, end, leaf] = [TYPE.i32, TYPE.i32, TYPE.i32, TYPE.v128].map((type) =>
    code.local(type),
  ) as [number, number, number, number];
  const planes = Array.from({ length: tables * 4 }, (_, index) => {
    const local = code.local(TYPE.v128);
    code
      .get(record)
      .memory('v128Load', TABLES_AT + index * 16)
      .set(local);
    return local;
  });
  const found = [0, 1, 2, 3].map(() => code.local(TYPE.v128)) as [number, number, number, number];
  code.get(record).memory('i32Load', HEADER_BYTES).tee(source).get(rows).plain('i32Add').set(end);
  code
    .get(record)
    .memory('i32Load', HEADER_BYTES + 4)
    .set(sums);
  code.repeat(() => {
    code.get(source).memory('v128Load').set(leaf);
    for (let plane = 0; plane < 4; plane++) {
      for (let table = 0; table < tables; table++) {
        code.get(planes[table * 4 + plane] as number).get(leaf);
        if (table > 0) code.bytes(table * 16).vector('i8x16Sub');
        code.vector('swizzle');
        if (table > 0) code.vector('or');
      }
      code.set(found[plane] as number);
    }
    combineWords(code, found, sums, combine);
    code.get(sums).i32(64).plain('i32Add').set(sums);
    code.get(source).i32(16).plain('i32Add').tee(source).get(end).plain('i32LtU');
  });
  return { parameters: [TYPE.i32, TYPE.i32], code, name: null };
}

/** Puts the four bytes of 16 values together, and combines the values with the sums. */
function combineWords(
  code: Code,
  bytes: readonly [number, number, number, number],
  sums: number,
  combine: Combine,
): void {
  const high = (lanes: readonly number[]): number[] => lanes.map((lane) => lane + HIGH);
  const [low01, high01, low23, high23] = [0, 1, 2, 3].map(() => code.local(TYPE.v128)) as [
    number,
    number,
    number,
    number,
  ];
  const [b0, b1, b2, b3] = bytes;
  code.get(b0).get(b1).shuffle(LOW_BYTES).set(low01);
  code.get(b0).get(b1).shuffle(high(LOW_BYTES)).set(high01);
  code.get(b2).get(b3).shuffle(LOW_BYTES).set(low23);
  code.get(b2).get(b3).shuffle(high(LOW_BYTES)).set(high23);
  const quarters = [
    [low01, low23, LOW_PAIRS],
    [low01, low23, high(LOW_PAIRS)],
    [high01, high23, LOW_PAIRS],
    [high01, high23, high(LOW_PAIRS)],
  ] as const;
  quarters.forEach(([a, b, lanes], index) => {
    code
      .get(sums)
      .get(sums)
      .memory('v128Load', index * 16);
    code.get(a).get(b).shuffle(lanes).vector(COMBINE_VECTOR[combine]);
    code.memory('v128Store', index * 16);
  });
}

/** The numbers that leaves are counted in, and those that weights are added in. */
export interface SumKind {
  readonly wide: boolean;
  readonly double: boolean;
  readonly combine: Combine;
}

/** Adds weights row by row. The record: leaf numbers, sums, the weight of each leaf. */
export function scalarSum({ wide, double, combine }: SumKind): ModuleFunction {
  const code = new Code(2);
  const [record, rows] = [0, 1];
  const value = double ? TYPE.f64 : TYPE.f32;
  const [source, sums, end, weight, sum] = [TYPE.i32, TYPE.i32, TYPE.i32, value, value].map((type) =>
    code.local(type),
  ) as [number, number, number, number, number];
  const bytes = double ? 8 : 4;
  const step = wide ? 2 : 1;
  const [load, store] = double ? (['f64Load', 'f64Store'] as const) : (['f32Load', 'f32Store'] as const);
  const UNROLLED = 4;
  code.get(record).memory('i32Load', HEADER_BYTES).tee(source).get(rows);
  if (wide) code.i32(1).plain('i32Shl');
  code.plain('i32Add').set(end);
  code
    .get(record)
    .memory('i32Load', HEADER_BYTES + 4)
    .set(sums);
  code.repeat(() => {
    for (let row = 0; row < UNROLLED; row++) {
      code.get(source).memory(wide ? 'i32Load16U' : 'i32Load8U', row * step);
      code
        .i32(double ? 3 : 2)
        .plain('i32Shl')
        .get(record)
        .plain('i32Add');
      code.memory(load, TABLES_AT).set(weight);
      code
        .get(sums)
        .memory(load, row * bytes)
        .set(sum);
      code.get(sums).get(weight).get(sum);
      if (combine === 'add') code.plain(double ? 'f64Add' : 'f32Add');
      else {
        const less = double ? 'f64Lt' : 'f32Lt';
        const greater = double ? 'f64Gt' : 'f32Gt';
        code
          .get(weight)
          .get(sum)
          .plain(combine === 'min' ? less : greater, 'select');
      }
      code.memory(store, row * bytes);
    }
    code
      .get(sums)
      .i32(UNROLLED * bytes)
      .plain('i32Add')
      .set(sums);
    code
      .get(source)
      .i32(UNROLLED * step)
      .plain('i32Add')
      .tee(source)
      .get(end)
      .plain('i32LtU');
  });
  return { parameters: [TYPE.i32, TYPE.i32], code, name: null };
}
