import { Code, TYPE } from './code.ts';
import type { ModuleFunction } from './module.ts';
import { RANK_BIAS } from './rank-functions.ts';
import { behindAddresses, eachVector, narrowWords } from './vector-loop.ts';

/** Offset of what the functions with one source have behind the addresses. */
const ONE_AT = behindAddresses(1);

/**
 * Where a feature has more cuts than a byte can count: the ranks among some of them that follow each other.
 * The record: ranks of 16 bits, where the ranks go, the number of cuts before.
 */
export function splitRanks(): ModuleFunction {
  let before = 0;
  return eachVector(
    [2],
    (code) => {
      before = code.local(TYPE.v128);
      code.get(0).memory('v128Load16Splat', ONE_AT).set(before);
    },
    ({ code, sources: [source = 0] }) => {
      for (const offset of [0, 16]) {
        code.get(source).memory('v128Load', offset).get(before).vector('i16x8SubSatU');
        code.i32(255).vector('i16x8Splat', 'i16x8MinU');
      }
      code.vector('i8x16NarrowI16x8U').bytes(RANK_BIAS).vector('i8x16Sub');
    },
  );
}

/**
 * Copies the bytes of a feature, and writes one byte for every NaN. The record: the values, the bytes, where the
 * bytes go (it may be the same place), the byte for NaN.
 */
export function markMissing(double: boolean): ModuleFunction {
  let byte = 0;
  return eachVector(
    [double ? 8 : 4, 1],
    (code) => {
      byte = code.local(TYPE.v128);
      code.get(0).memory('v128Load8Splat', behindAddresses(2)).set(byte);
    },
    ({ code, sources: [values = 0, bytes = 0] }) => {
      code.get(byte).get(bytes).memory('v128Load');
      narrowWords(code, 'masks', (word) => isNan(code, values, word, double));
      code.vector('bitselect');
    },
  );
}

const LOW_WORDS = [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27];

/** The mask of four values. */
function isNan(code: Code, values: number, word: number, double: boolean): void {
  const value = (offset: number): Code => code.get(values).memory('v128Load', offset);
  if (!double) {
    value(word * 16);
    value(word * 16).vector('f32x4Ne');
    return;
  }
  for (const offset of [word * 32, word * 32 + 16]) {
    value(offset);
    value(offset).vector('f64x2Ne');
  }
  code.shuffle(LOW_WORDS);
}

/** Calls the functions of the records one after the other: `run(record, end, rows)`. */
export function runFunction(): ModuleFunction {
  const code = new Code(3);
  const [record, end, rows] = [0, 1, 2];
  code.repeat(() => {
    code.get(record).get(rows).get(record).memory('i32Load').callIndirect(0);
    code.get(record).memory('i32Load', 4).get(record).plain('i32Add').tee(record).get(end).plain('i32LtU');
  });
  return { parameters: [TYPE.i32, TYPE.i32, TYPE.i32], code, name: 'run' };
}
