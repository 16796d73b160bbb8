import { dayAt, NO_DAY } from './days.ts';

/** A value by its bits. */
export interface Words {
  readonly low: number;
  readonly high: number;
}

const SMALLEST_NORMAL = 2.2250738585072014e-308;
const words = new DataView(new ArrayBuffer(8));

/**
 * The value of a cell that the automaton of its type takes. Null: no calendar has it, or it is as good as 0, of
 * which others shall say what it is.
 */
export function carefulValue(type: string, bytes: Uint8Array, from: number, to: number): Words | null {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
  switch (type) {
    case 'DOUBLE':
      return doubleWords(Number(text.replace(',', '.')), text);
    case 'DATE': {
      const day = dayAt(bytes, from);
      return day === NO_DAY ? null : { low: day, high: 0 };
    }
    case 'TIMESTAMP':
      return instantWords(dayAt(bytes, from), text);
    case 'BOOLEAN':
      return { low: /^t/i.test(text) ? 1 : 0, high: 0 };
    default:
      return integerWords(BigInt(text));
  }
}

function doubleWords(value: number, text: string): Words | null {
  const isZero = !/[1-9]/.test(text.replace(/e.*$/i, ''));
  if (!isZero && Math.abs(value) < SMALLEST_NORMAL) return null;
  words.setFloat64(0, value, true);
  return { low: words.getInt32(0, true), high: words.getInt32(4, true) };
}

export function integerWords(value: bigint): Words {
  words.setBigInt64(0, value, true);
  return { low: words.getInt32(0, true), high: words.getInt32(4, true) };
}

function instantWords(days: number, text: string): Words | null {
  if (days === NO_DAY) return null;
  const [hours, minutes, seconds] = [text.slice(11, 13), text.slice(14, 16), text.slice(17, 19)].map(Number);
  const sum = days * 86_400 + Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
  return integerWords(BigInt(sum) * 1_000_000n + BigInt(text.slice(20).padEnd(6, '0')));
}
