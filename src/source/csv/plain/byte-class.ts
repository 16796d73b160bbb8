import type { Quoting } from '../split-records.ts';

/** Kinds of bytes that the automata tell apart; all other bytes are text to them. */
export const BYTE_CLASS = {
  other: 0,
  zero: 1,
  one: 2,
  two: 3,
  three: 4,
  fourFive: 5,
  sixToNine: 6,
  minus: 7,
  point: 8,
  colon: 9,
  blank: 10,
  e: 11,
  t: 12,
  r: 13,
  u: 14,
  a: 15,
  f: 16,
  l: 17,
  s: 18,
  delimiter: 19,
  lineFeed: 20,
  carriageReturn: 21,
  quote: 22,
  /** A byte that no text has. */
  nul: 23,
} as const;

export type ByteClass = (typeof BYTE_CLASS)[keyof typeof BYTE_CLASS];

/** A row of a table of transitions: one entry a class, up to a power of two. */
export const CLASSES = 32;

const { zero, one, two, three, fourFive, sixToNine } = BYTE_CLASS;
export const NOT_ZERO: readonly ByteClass[] = [one, two, three, fourFive, sixToNine];
export const DIGITS: readonly ByteClass[] = [zero, ...NOT_ZERO];

const BYTES: readonly (readonly [string, ByteClass])[] = [
  ['0', zero],
  ['1', one],
  ['2', two],
  ['3', three],
  ['45', fourFive],
  ['6789', sixToNine],
  ['-', BYTE_CLASS.minus],
  [':', BYTE_CLASS.colon],
  [' ', BYTE_CLASS.blank],
  ['eE', BYTE_CLASS.e],
  ['tT', BYTE_CLASS.t],
  ['rR', BYTE_CLASS.r],
  ['uU', BYTE_CLASS.u],
  ['aA', BYTE_CLASS.a],
  ['fF', BYTE_CLASS.f],
  ['lL', BYTE_CLASS.l],
  ['sS', BYTE_CLASS.s],
  ['\n', BYTE_CLASS.lineFeed],
  ['\r', BYTE_CLASS.carriageReturn],
  ['\0', BYTE_CLASS.nul],
];

/** The class of each byte in a file; what delimits fields is nothing else. */
export function byteClasses({ delimiter, quote }: Quoting, decimalSeparator: string): Uint8Array {
  const classes = new Uint8Array(256);
  const set = (bytes: string, to: ByteClass): void => {
    for (const byte of Buffer.from(bytes)) classes[byte] = to;
  };
  for (const [bytes, to] of BYTES) set(bytes, to);
  set(decimalSeparator, BYTE_CLASS.point);
  set(quote, BYTE_CLASS.quote);
  set(delimiter, BYTE_CLASS.delimiter);
  return classes;
}
