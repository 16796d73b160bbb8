import { Code, TYPE } from './code.ts';
import type { ModuleFunction } from './module.ts';
import { HEADER_BYTES } from './pattern-function.ts';

/** Up to so many cuts are counted; among more, a value is searched. */
export const MOST_COUNTED = 16;

/** Offset of the cuts in a record: after two addresses, the number of cuts, and 4 bytes that pad. */
export const CUTS_AT = HEADER_BYTES + 16;

/** Ranks are bytes that are compared as signed ones. */
export const RANK_BIAS = 128;

export interface RankKind {
  readonly double: boolean;
  /** Of a value that is no number: that of the greatest values, or that of the smallest. */
  readonly nanHigh: boolean;
}

/**
 * Ranks of float32 values by counting the cuts that are not above them. The record: the values, where the ranks
 * go, the number of cuts, the cuts.
 */
export function countRanks(nanHigh: boolean): ModuleFunction {
  const code = new Code(2);
  const [record, rows] = [0, 1];
  const [source, target, end, cut, cutsEnd, all] = [0, 1, 2, 3, 4, 5].map((index) =>
    code.local(index < 5 ? TYPE.i32 : TYPE.v128),
  ) as [number, number, number, number, number, number];
  const values = [0, 1, 2, 3].map(() => code.local(TYPE.v128));
  const counts = [0, 1, 2, 3].map(() => code.local(TYPE.v128)) as [number, number, number, number];
  code.get(record).memory('i32Load', HEADER_BYTES).set(source);
  code
    .get(record)
    .memory('i32Load', HEADER_BYTES + 4)
    .tee(target)
    .get(rows)
    .plain('i32Add')
    .set(end);
  code
    .get(record)
    .memory('i32Load', HEADER_BYTES + 8)
    .tee(cutsEnd)
    .vector('i32x4Splat')
    .set(all);
  code.get(cutsEnd).i32(2).plain('i32Shl').get(record).plain('i32Add').set(cutsEnd);
  code.repeat(() => {
    values.forEach((value, index) => {
      code
        .get(source)
        .memory('v128Load', index * 16)
        .set(value);
      code.bytes(0).set(counts[index] as number);
    });
    code.get(record).set(cut);
    code.repeat(() => {
      values.forEach((value, index) => {
        const count = counts[index] as number;
        code.get(count).get(value).get(cut).memory('v128Load32Splat', CUTS_AT);
        code.vector('f32x4Ge', 'i32x4Sub').set(count);
      });
      code.get(cut).i32(4).plain('i32Add').tee(cut).get(cutsEnd).plain('i32LtU');
    });
    if (nanHigh)
      values.forEach((value, index) => {
        const count = counts[index] as number;
        code.get(all).get(count).get(value).get(value).vector('f32x4Ne', 'bitselect').set(count);
      });
    const [c0, c1, c2, c3] = counts;
    code.get(target).get(c0).get(c1).vector('i16x8NarrowI32x4S');
    code.get(c2).get(c3).vector('i16x8NarrowI32x4S', 'i8x16NarrowI16x8U');
    code.bytes(RANK_BIAS).vector('i8x16Sub').memory('v128Store');
    code.get(source).i32(64).plain('i32Add').set(source);
    code.get(target).i32(16).plain('i32Add').tee(target).get(end).plain('i32LtU');
  });
  return { parameters: [TYPE.i32, TYPE.i32], code, name: null };
}

/**
 * Ranks by binary search without branches, in `2 ** steps - 1` cuts: what is missing of them is NaN, which
 * nothing is at or above. The record is that of {@link countRanks}. `wide`: ranks of 16 bits, without bias.
 */
export function searchRanks(steps: number, { double, nanHigh }: RankKind, wide: boolean): ModuleFunction {
  const code = new Code(2);
  const [record, rows] = [0, 1];
  const shift = double ? 3 : 2;
  const [source, target, end, position] = [0, 1, 2, 3].map(() => code.local(TYPE.i32)) as [
    number,
    number,
    number,
    number,
  ];
  const value = code.local(double ? TYPE.f64 : TYPE.f32);
  const [load, ge, ne] = double
    ? (['f64Load', 'f64Ge', 'f64Ne'] as const)
    : (['f32Load', 'f32Ge', 'f32Ne'] as const);
  const step = wide ? 2 : 1;
  const UNROLLED = 4;
  code.get(record).memory('i32Load', HEADER_BYTES).set(source);
  code
    .get(record)
    .memory('i32Load', HEADER_BYTES + 4)
    .tee(target)
    .get(rows);
  if (wide) code.i32(1).plain('i32Shl');
  code.plain('i32Add').set(end);
  code.repeat(() => {
    for (let row = 0; row < UNROLLED; row++) {
      code
        .get(source)
        .memory(load, row << shift)
        .set(value);
      code.get(record).set(position);
      for (let bit = steps - 1; bit >= 0; bit--) {
        code.get(position).get(value).get(position);
        code.memory(load, CUTS_AT + (((1 << bit) - 1) << shift)).plain(ge);
        code
          .i32(bit + shift)
          .plain('i32Shl', 'i32Add')
          .set(position);
      }
      code.get(target);
      if (nanHigh) code.get(record).memory('i32Load', HEADER_BYTES + 8);
      code.get(position).get(record).plain('i32Sub').i32(shift).plain('i32ShrU');
      if (nanHigh) code.get(value).get(value).plain(ne, 'select');
      if (!wide) code.i32(RANK_BIAS).plain('i32Sub');
      code.memory(wide ? 'i32Store16' : 'i32Store8', row * step);
    }
    code
      .get(source)
      .i32(UNROLLED << shift)
      .plain('i32Add')
      .set(source);
    code
      .get(target)
      .i32(UNROLLED * step)
      .plain('i32Add')
      .tee(target)
      .get(end)
      .plain('i32LtU');
  });
  return { parameters: [TYPE.i32, TYPE.i32], code, name: null };
}
