import { Code, TYPE } from './code.ts';
import type { ModuleFunction } from './module.ts';
import { HEADER_BYTES } from './pattern-function.ts';

/** Bytes of one address in a record. */
export const ADDRESS_BYTES = 4;

/** Rows of one vector of bytes. */
export const VECTOR_ROWS = 16;

/** What a loop works on: the function's code, and by source the local that holds where its next values lie. */
export interface VectorLoop {
  readonly code: Code;
  readonly sources: readonly number[];
  /** The local that holds where the vector goes. */
  readonly target: number;
}

/** Offset in the record of what stands behind the addresses of so many sources, and of the target. */
export function behindAddresses(sources: number): number {
  return HEADER_BYTES + (sources + 1) * ADDRESS_BYTES;
}

/**
 * The function `(record, rows)` that makes one vector of bytes, a byte a row, of each 16 rows of its sources. The
 * record has the addresses of the sources, then that of the target.
 *
 * @param bytesOfRow how many each source has for a row
 * @param prepare runs once, before the loop; leaves nothing on the stack
 * @param body leaves the vector on the stack
 */
export function eachVector(
  bytesOfRow: readonly number[],
  prepare: (code: Code) => void,
  body: (loop: VectorLoop) => void,
): ModuleFunction {
  const code = new Code(2);
  const [record, rows] = [0, 1];
  const address = (index: number): number => {
    const local = code.local(TYPE.i32);
    code
      .get(record)
      .memory('i32Load', HEADER_BYTES + index * ADDRESS_BYTES)
      .set(local);
    return local;
  };
  const sources = bytesOfRow.map((_, index) => address(index));
  const target = address(sources.length);
  const end = code.local(TYPE.i32);
  code.get(target).get(rows).plain('i32Add').set(end);
  prepare(code);
  code.repeat(() => {
    code.get(target);
    body({ code, sources, target });
    code.memory('v128Store');
    sources.forEach((source, index) => {
      code
        .get(source)
        .i32((bytesOfRow[index] ?? 0) * VECTOR_ROWS)
        .plain('i32Add')
        .set(source);
    });
    code.get(target).i32(VECTOR_ROWS).plain('i32Add').tee(target).get(end).plain('i32LtU');
  });
  return { parameters: [TYPE.i32, TYPE.i32], code, name: null };
}

/** Makes a vector of bytes of four vectors of words: numbers from 0 to 255, or masks. */
export function narrowWords(code: Code, kind: 'numbers' | 'masks', word: (index: number) => void): void {
  for (const first of [0, 2]) {
    word(first);
    word(first + 1);
    code.vector('i16x8NarrowI32x4S');
  }
  code.vector(kind === 'numbers' ? 'i8x16NarrowI16x8U' : 'i8x16NarrowI16x8S');
}
