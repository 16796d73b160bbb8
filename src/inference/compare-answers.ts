import { getFloat16 } from '@petamoriken/float16';
import type { ElementType } from '../core/model.ts';
import type { TensorData } from '../core/tensor-data.ts';

/** Sums in another order (on a device, or elsewhere in a call): results may differ by so much of their size. */
const RELATIVE_TOLERANCE = 1e-3;

/** Results near 0 may differ by so much: what two large numbers leave of each other is no better. */
const ABSOLUTE_FLOOR = 1e-5;

export interface Answer {
  readonly elementType: ElementType;
  readonly data: TensorData;
}

/**
 * What is wrong with the answers of a device beside those of the CPU, output by output; null: they are the
 * same as far as a device can give them. Whole numbers and booleans have to be equal.
 */
export function differenceOf(
  cpu: ReadonlyMap<string, Answer>,
  device: ReadonlyMap<string, Answer>,
): string | null {
  for (const [name, expected] of cpu) {
    const found = device.get(name);
    if (found === undefined || found.data.length !== expected.data.length)
      return `its output "${name}" has ${found?.data.length ?? 0} values, not ${expected.data.length}`;
    for (let index = 0; index < expected.data.length; index++) {
      if (isNear(expected, index, found, index)) continue;
      const [wanted, got] = [valueAt(expected, index), valueAt(found, index)];
      return `its output "${name}" is ${String(got)} where the CPU's is ${String(wanted)}`;
    }
  }
  return null;
}

/** Whether two values of one output are the same, as far as sums in another order can be. */
export function isNear(expected: Answer, at: number, found: Answer, foundAt: number): boolean {
  const [wanted, got] = [valueAt(expected, at), valueAt(found, foundAt)];
  if (Object.is(wanted, got) || wanted === got) return true;
  const isFloat = expected.elementType.startsWith('float');
  if (!isFloat || typeof wanted !== 'number' || typeof got !== 'number') return false;
  return Math.abs(wanted - got) <= RELATIVE_TOLERANCE * Math.abs(wanted) + ABSOLUTE_FLOOR;
}

type Value = number | bigint | string | undefined;

function valueAt({ elementType, data }: Answer, index: number): Value {
  if (elementType !== 'float16') return data[index];
  const { buffer, byteOffset, byteLength } = data as Uint16Array;
  return getFloat16(new DataView(buffer, byteOffset, byteLength), index * 2, true);
}
