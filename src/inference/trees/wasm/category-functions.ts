import { TYPE } from './code.ts';
import type { ModuleFunction } from './module.ts';
import { behindAddresses, eachVector, narrowWords, type VectorLoop } from './vector-loop.ts';

/**
 * The code of a category is a byte: from 1 to `MOST_CODES` for those that a column knows, `NAN_CODE` for NaN, and
 * another one for every other value.
 */
export const MOST_CODES = 252;
export const NAN_CODE = 254;

/** Bytes of a set: a bit for each code. */
export const SET_BYTES = 32;

/** As a float32 with this added, a small whole number stands in the lowest bits. */
const MAGIC = 0x4b000000;

/**
 * Codes of float32 values that are whole numbers in a row. The record: the values, where the codes go, and as
 * float32 what to take away of a category to get its code.
 */
export function wholeCodes(): ModuleFunction {
  const local: Record<'before' | 'value', number> = { before: 0, value: 0 };
  return eachVector(
    [4],
    (code) => {
      local.before = code.local(TYPE.v128);
      local.value = code.local(TYPE.v128);
      code.get(0).memory('v128Load32Splat', behindAddresses(1)).set(local.before);
    },
    ({ code, sources: [source = 0] }) => {
      const { before, value } = local;
      narrowWords(code, 'numbers', (word) => {
        code
          .get(source)
          .memory('v128Load', word * 16)
          .set(value);
        // Where it is none, the answer of pmin and pmax is their first operand.
        code.words(floatBits(MOST_CODES + 1));
        code.words(0).get(value).get(before).vector('f32x4Sub', 'f32x4Pmax', 'f32x4Pmin');
        code.words(MAGIC).vector('f32x4Add').words(0xff).vector('and');
        code.get(value).get(value).vector('f32x4Floor', 'f32x4Eq', 'and');
        code.get(value).get(value).vector('f32x4Ne').words(NAN_CODE).vector('and', 'or');
      });
    },
  );
}

/** The byte of a set that has the answer for a code, of 32. The record: the codes, where the numbers go. */
export function codeBytes(): ModuleFunction {
  return eachVector(
    [1],
    () => {},
    ({ code, sources: [source = 0] }) => {
      code.get(source).memory('v128Load').i32(3).vector('i8x16ShrU');
    },
  );
}

const BITS = [1, 2, 4, 8, 16, 32, 64, 128];

/** The bit of that byte. The record: the codes, where the bits go. */
export function codeBits(): ModuleFunction {
  return eachVector(
    [1],
    () => {},
    ({ code, sources: [source = 0] }) => {
      code
        .vectorOf([...BITS, ...BITS])
        .get(source)
        .memory('v128Load')
        .bytes(7)
        .vector('and', 'swizzle');
    },
  );
}

/**
 * 0 where a code is the one of the record, else -1. The record: the codes, where the answers go, the code.
 *
 * @param also leaves the answers at 0 that are so already
 */
export function equalCode(also: boolean): ModuleFunction {
  let wanted = 0;
  return eachVector(
    [1],
    (code) => {
      wanted = code.local(TYPE.v128);
      code.get(0).memory('v128Load8Splat', behindAddresses(1)).set(wanted);
    },
    (loop) => {
      loop.code
        .get(loop.sources[0] ?? 0)
        .memory('v128Load')
        .get(wanted)
        .vector('i8x16Ne');
      if (also) andBefore(loop);
    },
  );
}

/**
 * 0 for the codes of a set, else -1. The record: the numbers of the bytes, the bits, where the answers go, the
 * set as 256 bits.
 *
 * @param also leaves the answers at 0 that are so already
 */
export function memberCode(also: boolean): ModuleFunction {
  const tables: number[] = [];
  return eachVector(
    [1, 1],
    (code) => {
      for (const offset of [0, 16]) {
        const table = code.local(TYPE.v128);
        tables.push(table);
        code
          .get(0)
          .memory('v128Load', SET_AT + offset)
          .set(table);
      }
    },
    (loop) => {
      const { code, sources } = loop;
      const [bytes = 0, bits = 0] = sources;
      const [low = 0, high = 0] = tables;
      // What is beyond a table answers 0.
      code.get(low).get(bytes).memory('v128Load').vector('swizzle');
      code.get(high).get(bytes).memory('v128Load').bytes(16).vector('i8x16Sub', 'swizzle', 'or');
      code.get(bits).memory('v128Load').vector('and').bytes(0).vector('i8x16Eq');
      if (also) andBefore(loop);
    },
  );
}

/** Offset of the set in the record of {@link memberCode}. */
const SET_AT = behindAddresses(2);

function andBefore({ code, target }: VectorLoop): void {
  code.get(target).memory('v128Load').vector('and');
}

function floatBits(value: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return view.getInt32(0);
}
