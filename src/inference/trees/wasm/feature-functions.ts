import { Code, TYPE } from './code.ts';
import type { ModuleFunction } from './module.ts';
import { HEADER_BYTES } from './pattern-function.ts';
import { RANK_BIAS } from './rank-functions.ts';

/** Offset of the tables of {@link memberRanks}, and of the rank of {@link equalRank}. */
export const SET_AT = HEADER_BYTES + 8;

/**
 * Where a feature has more cuts than a byte can count: the ranks among some of them that follow each other.
 * The record: ranks of 16 bits, where the ranks go, the number of cuts before.
 */
export function splitRanks(): ModuleFunction {
  const code = new Code(2);
  const before = code.local(TYPE.v128);
  code.get(0).memory('v128Load16Splat', SET_AT).set(before);
  return eachVector(code, 32, (source) => {
    for (const offset of [0, 16]) {
      code.get(source).memory('v128Load', offset).get(before).vector('i16x8SubSatU');
      code.i32(255).vector('i16x8Splat', 'i16x8MinU');
    }
    code.vector('i8x16NarrowI16x8U').bytes(RANK_BIAS).vector('i8x16Sub');
  });
}

/** 0 where a rank is the one of the record, else -1. The record: ranks, where the answers go, the biased rank. */
export function equalRank(): ModuleFunction {
  const code = new Code(2);
  const rank = code.local(TYPE.v128);
  code.get(0).memory('v128Load8Splat', SET_AT).set(rank);
  return eachVector(code, 16, (source) => {
    code.get(source).memory('v128Load').get(rank).vector('i8x16Ne');
  });
}

/**
 * What the tables of the record have for each rank, 16 ranks a table: 0 for the members of a set, else -1.
 * The record: ranks, where the answers go, the tables.
 */
export function memberRanks(tables: number): ModuleFunction {
  const code = new Code(2);
  const plain = code.local(TYPE.v128);
  return eachVector(code, 16, (source) => {
    code.get(source).memory('v128Load').bytes(RANK_BIAS).vector('xor').set(plain);
    for (let table = 0; table < tables; table++) {
      code
        .get(0)
        .memory('v128Load', SET_AT + table * 16)
        .get(plain);
      if (table > 0) code.bytes(table * 16).vector('i8x16Sub');
      code.vector('swizzle');
      if (table > 0) code.vector('or');
    }
  });
}

/** Leaves one vector of bytes on the stack for each 16 rows; `step` is how far the source moves on. */
function eachVector(code: Code, step: number, body: (source: number) => void): ModuleFunction {
  const [record, rows] = [0, 1];
  const [source, target, end] = [code.local(TYPE.i32), code.local(TYPE.i32), code.local(TYPE.i32)];
  code.get(record).memory('i32Load', HEADER_BYTES).set(source);
  code
    .get(record)
    .memory('i32Load', HEADER_BYTES + 4)
    .tee(target)
    .get(rows)
    .plain('i32Add')
    .set(end);
  code.repeat(() => {
    code.get(target);
    body(source);
    code.memory('v128Store');
    code.get(source).i32(step).plain('i32Add').set(source);
    code.get(target).i32(16).plain('i32Add').tee(target).get(end).plain('i32LtU');
  });
  return { parameters: [TYPE.i32, TYPE.i32], code, name: null };
}

/** `run(record, end, rows)`: calls the functions of the records one after the other. */
export function runFunction(): ModuleFunction {
  const code = new Code(3);
  const [record, end, rows] = [0, 1, 2];
  code.repeat(() => {
    code.get(record).get(rows).get(record).memory('i32Load').callIndirect(0);
    code.get(record).memory('i32Load', 4).get(record).plain('i32Add').tee(record).get(end).plain('i32LtU');
  });
  return { parameters: [TYPE.i32, TYPE.i32, TYPE.i32], code, name: 'run' };
}
