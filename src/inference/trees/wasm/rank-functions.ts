import { Code, TYPE } from './code.ts';
import type { ModuleFunction } from './module.ts';
import { HEADER_BYTES } from './pattern-function.ts';
import { ADDRESS_BYTES, behindAddresses, eachVector, narrowWords } from './vector-loop.ts';

/** Up to so many cuts are counted; among more, a value is searched. */
export const MOST_COUNTED = 16;

/** Ranks are bytes that are compared as signed ones. */
export const RANK_BIAS = 128;

/** Offset in the record of {@link countRanks} of the cuts: behind their number. */
const COUNT_AT = behindAddresses(1);
const COUNTED_AT = COUNT_AT + 4;

/**
 * Ranks of float32 values by counting the cuts that are not above them. The record: the values, where the ranks
 * go, the number of cuts, the cuts.
 */
export function countRanks(): ModuleFunction {
  const counts: number[] = [];
  const values: number[] = [];
  let [cut, cutsEnd] = [0, 0];
  return eachVector(
    [4],
    (code) => {
      [cut, cutsEnd] = [code.local(TYPE.i32), code.local(TYPE.i32)];
      for (let index = 0; index < 4; index++) {
        values.push(code.local(TYPE.v128));
        counts.push(code.local(TYPE.v128));
      }
      code.get(0).memory('i32Load', COUNT_AT).i32(2).plain('i32Shl').get(0).plain('i32Add').set(cutsEnd);
    },
    ({ code, sources: [source = 0] }) => {
      values.forEach((value, index) => {
        code
          .get(source)
          .memory('v128Load', index * 16)
          .set(value);
        code.bytes(0).set(counts[index] as number);
      });
      code.get(0).set(cut);
      code.repeat(() => {
        values.forEach((value, index) => {
          const count = counts[index] as number;
          code.get(count).get(value).get(cut).memory('v128Load32Splat', COUNTED_AT);
          code.vector('f32x4Ge', 'i32x4Sub').set(count);
        });
        code.get(cut).i32(4).plain('i32Add').tee(cut).get(cutsEnd).plain('i32LtU');
      });
      narrowWords(code, 'numbers', (index) => code.get(counts[index] as number));
      code.bytes(RANK_BIAS).vector('i8x16Sub');
    },
  );
}

/** How a search among cuts is done. */
export interface SearchKind {
  /** Whether values and cuts are float64. */
  readonly double: boolean;
  /**
   * The cuts that are searched are `2 ** steps - 1`: those of a bucket, or all. What is missing of them behind the
   * last one is NaN, which nothing is at or above.
   */
  readonly steps: number;
  /** Null: all cuts are searched. Only for float32. */
  readonly buckets: BucketKind | null;
  /**
   * `bytes`: ranks, biased. `shorts`: ranks of 16 bits without bias. `codes`: of a value that is a cut its rank,
   * of others 0.
   */
  readonly result: 'bytes' | 'shorts' | 'codes';
}

export interface BucketKind {
  /** Bits of a float32 that are left out of the number of its bucket. */
  readonly shift: number;
}

/** Values are put into so many buckets. */
export const BUCKETS = 1024;

/** Rows that a search works on at once. */
const UNROLLED = 4;

const ONE_BITS = 0x3f800000;

/** Offsets in the record of {@link searchRanks}: where the three numbers for buckets are, and what follows them. */
const LOW_AT = behindAddresses(1);
const STARTS_AT = LOW_AT + 12;

/** Offset of the cuts. */
export function cutsAt({ buckets, result }: SearchKind): number {
  return buckets === null ? LOW_AT : STARTS_AT + BUCKETS * (result === 'shorts' ? 2 : 1);
}

/**
 * Ranks by binary search without branches. The record: the values, where the ranks go, with buckets three float32
 * (the least cut, the factor, the greatest place) and the rank of each bucket's first cut; the cuts.
 *
 * A bucket is what the highest bits of the place of a value say, `(value - least) * factor + 1`, at least 1 and at
 * most the greatest place. A greater value has no smaller place, however much is rounded. So all cuts of the buckets
 * before are below the value, and all those behind are above it.
 */
export function searchRanks(kind: SearchKind): ModuleFunction {
  const { double, steps, buckets, result } = kind;
  const code = new Code(2);
  const [record, rows] = [0, 1];
  const shift = double ? 3 : 2;
  const step = result === 'shorts' ? 2 : 1;
  const [source, target, end, position, rank] = [0, 1, 2, 3, 4].map(() => code.local(TYPE.i32)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const value = code.local(double ? TYPE.f64 : TYPE.f32);
  const [load, ge, eq] = double
    ? (['f64Load', 'f64Ge', 'f64Eq'] as const)
    : (['f32Load', 'f32Ge', 'f32Eq'] as const);
  const at = cutsAt(kind);
  code.get(record).memory('i32Load', HEADER_BYTES).set(source);
  code
    .get(record)
    .memory('i32Load', HEADER_BYTES + ADDRESS_BYTES)
    .tee(target)
    .get(rows);
  if (step === 2) code.i32(1).plain('i32Shl');
  code.plain('i32Add').set(end);
  const startOf = buckets === null ? undefined : bucketStarts(code, source, buckets, step);
  code.repeat(() => {
    startOf?.prepare();
    for (let row = 0; row < UNROLLED; row++) {
      code
        .get(source)
        .memory(load, row << shift)
        .set(value);
      code.get(record);
      if (startOf !== undefined) {
        startOf.rank(row);
        code.i32(shift).plain('i32Shl', 'i32Add');
      }
      code.set(position);
      for (let bit = steps - 1; bit >= 0; bit--) {
        code.get(position).get(value).get(position);
        code.memory(load, at + (((1 << bit) - 1) << shift)).plain(ge);
        code
          .i32(bit + shift)
          .plain('i32Shl', 'i32Add')
          .set(position);
      }
      code.get(target);
      code.get(position).get(record).plain('i32Sub').i32(shift).plain('i32ShrU');
      if (result === 'bytes') code.i32(RANK_BIAS).plain('i32Sub');
      if (result === 'codes') {
        // Before the first cut lies what it is not multiplied with.
        code.tee(rank).get(position);
        code
          .memory(load, at - (1 << shift))
          .get(value)
          .plain(eq, 'i32Mul');
      }
      code.memory(step === 2 ? 'i32Store16' : 'i32Store8', row * step);
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

interface BucketStarts {
  /** Finds the buckets of the next four values. */
  readonly prepare: () => void;
  /** Leaves the rank on the stack that the bucket of one of them begins with. */
  readonly rank: (row: number) => void;
}

function bucketStarts(code: Code, source: number, { shift }: BucketKind, step: number): BucketStarts {
  const [low, factor, top, bucket] = [0, 1, 2, 3].map(() => code.local(TYPE.v128)) as [
    number,
    number,
    number,
    number,
  ];
  const starts = code.local(TYPE.i32);
  [low, factor, top].forEach((local, index) => {
    code
      .get(0)
      .memory('v128Load32Splat', LOW_AT + index * 4)
      .set(local);
  });
  // The bits of 1 are taken away from the address instead of from each bucket.
  code
    .get(0)
    .i32((ONE_BITS >>> shift) * step)
    .plain('i32Sub')
    .set(starts);
  return {
    prepare() {
      // Where a value is none, the answers of pmin and pmax are their first operands.
      code.get(top).words(ONE_BITS).get(source).memory('v128Load').get(low).vector('f32x4Sub');
      code.get(factor).vector('f32x4Mul').words(ONE_BITS).vector('f32x4Add', 'f32x4Pmax', 'f32x4Pmin');
      code.i32(shift).vector('i32x4ShrU');
      code.set(bucket);
    },
    rank(row) {
      code.get(bucket).lane(row);
      if (step === 2) code.i32(1).plain('i32Shl');
      code.get(starts).plain('i32Add');
      code.memory(step === 2 ? 'i32Load16U' : 'i32Load8U', STARTS_AT);
    },
  };
}
