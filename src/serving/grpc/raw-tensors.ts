import { ServeBatchError } from '../../core/errors.ts';
import type { Datatype } from '../open-inference/datatypes.ts';

/** Little-endian elements of one size. */
interface Numbers {
  readonly bytes: number;
  readonly read: (data: Buffer, offset: number) => number | bigint;
  readonly write: (data: Buffer, value: string, offset: number) => void;
}

const NUMBERS: Readonly<Record<Exclude<Datatype, 'BOOL' | 'BYTES'>, Numbers>> = {
  UINT8: {
    bytes: 1,
    read: (data, at) => data.readUInt8(at),
    write: (data, value, at) => data.writeUInt8(Number(value), at),
  },
  UINT16: {
    bytes: 2,
    read: (data, at) => data.readUInt16LE(at),
    write: (data, value, at) => data.writeUInt16LE(Number(value), at),
  },
  UINT32: {
    bytes: 4,
    read: (data, at) => data.readUInt32LE(at),
    write: (data, value, at) => data.writeUInt32LE(Number(value), at),
  },
  UINT64: {
    bytes: 8,
    read: (data, at) => data.readBigUInt64LE(at),
    write: (data, value, at) => data.writeBigUInt64LE(BigInt(value), at),
  },
  INT8: {
    bytes: 1,
    read: (data, at) => data.readInt8(at),
    write: (data, value, at) => data.writeInt8(Number(value), at),
  },
  INT16: {
    bytes: 2,
    read: (data, at) => data.readInt16LE(at),
    write: (data, value, at) => data.writeInt16LE(Number(value), at),
  },
  INT32: {
    bytes: 4,
    read: (data, at) => data.readInt32LE(at),
    write: (data, value, at) => data.writeInt32LE(Number(value), at),
  },
  INT64: {
    bytes: 8,
    read: (data, at) => data.readBigInt64LE(at),
    write: (data, value, at) => data.writeBigInt64LE(BigInt(value), at),
  },
  FP32: {
    bytes: 4,
    read: (data, at) => data.readFloatLE(at),
    write: (data, value, at) => data.writeFloatLE(Number(value), at),
  },
  FP64: {
    bytes: 8,
    read: (data, at) => data.readDoubleLE(at),
    write: (data, value, at) => data.writeDoubleLE(Number(value), at),
  },
};

/** Of each element of BYTES. */
const LENGTH_BYTES = 4;

export type RawElement = number | bigint | boolean | Buffer;

/**
 * The elements of a tensor in its raw form. Throws `USAGE` for bytes that are not whole elements.
 * @param name of the tensor, for errors
 */
export function readRaw(data: Buffer, datatype: Datatype, name: string): readonly RawElement[] {
  if (datatype === 'BYTES') return readTexts(data, name);
  if (datatype === 'BOOL') return [...data].map((byte) => byte !== 0);
  const { bytes, read } = NUMBERS[datatype];
  if (data.length % bytes !== 0)
    throw unreadable(name, `${data.length} bytes, which are no whole number of ${datatype}`);
  return Array.from({ length: data.length / bytes }, (_, index) => read(data, index * bytes));
}

function readTexts(data: Buffer, name: string): readonly Buffer[] {
  const texts: Buffer[] = [];
  let at = 0;
  while (at < data.length) {
    const end = at + LENGTH_BYTES;
    const next = end <= data.length ? end + data.readUInt32LE(at) : Number.POSITIVE_INFINITY;
    if (next > data.length)
      throw unreadable(name, `an element that is longer than the content; each begins with its length`);
    texts.push(data.subarray(end, next));
    at = next;
  }
  return texts;
}

/** Elements in their raw form; numbers as their digits. Throws a `RangeError` for numbers that do not fit. */
export function writeRaw(elements: readonly (string | boolean)[], datatype: Datatype): Buffer {
  if (datatype === 'BOOL') return Buffer.from(elements.map((each) => (each === true ? 1 : 0)));
  if (datatype === 'BYTES') return Buffer.concat(elements.flatMap((each) => textWithLength(String(each))));
  const { bytes, write } = NUMBERS[datatype];
  const data = Buffer.alloc(elements.length * bytes);
  elements.forEach((each, index) => {
    write(data, String(each), index * bytes);
  });
  return data;
}

function textWithLength(text: string): readonly Buffer[] {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(bytes.length);
  return [length, bytes];
}

function unreadable(name: string, what: string): ServeBatchError {
  return new ServeBatchError('USAGE', `The raw content of the input "${name}" has ${what}.`, {
    fields: { field: name },
  });
}
