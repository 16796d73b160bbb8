import fc from 'fast-check';
import protobuf from 'protobufjs/minimal.js';
import { describe, expect, it } from 'vitest';
import { WIRE, WireReader } from '../../../src/inference/onnx/wire-reader.ts';

const written = (write: (writer: protobuf.Writer) => unknown): Uint8Array => {
  const writer = protobuf.Writer.create();
  write(writer);
  return writer.finish();
};

describe('the reader of protobuf', () => {
  it('reads what protobufjs writes', () => {
    const anything = fc.record({
      field: fc.integer({ min: 1, max: 2 ** 29 - 1 }),
      small: fc.nat(300),
      unsigned: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      signed: fc.integer(),
      long: fc.maxSafeInteger(),
      single: fc.float(),
      double: fc.double(),
      bytes: fc.uint8Array(),
      text: fc.string({ unit: 'grapheme' }),
    });
    fc.assert(
      fc.property(anything, ({ field, small, unsigned, signed, long, single, double, bytes, text }) => {
        const reader = new WireReader(
          written((writer) => {
            writer.uint32((field << 3) | WIRE.varint).int64(small);
            writer.uint32(unsigned).int32(signed).int64(long).float(single).double(double);
            writer.bytes(bytes).string(text);
          }),
        );
        expect(reader.next()).toBe(true);
        expect([reader.field, reader.wire]).toEqual([field, WIRE.varint]);
        expect(reader.int64()).toBe(small);
        expect([reader.uint32(), reader.int32(), reader.int64()]).toEqual([unsigned, signed, long]);
        expect([reader.float(), reader.double()]).toEqual([single, double]);
        expect([...reader.bytes()]).toEqual([...bytes]);
        expect(reader.string()).toBe(text);
        expect([reader.isAtEnd, reader.next()]).toEqual([true, false]);
      }),
    );
  });

  it('passes over fields of every kind, groups and all that is in them', () => {
    const reader = new WireReader(
      written((writer) => {
        writer.uint32((1 << 3) | WIRE.groupStart);
        writer.uint32((2 << 3) | WIRE.varint).int64(-1);
        writer.uint32((3 << 3) | WIRE.fixed32).fixed32(7);
        writer.uint32((4 << 3) | WIRE.fixed64).double(1.5);
        writer.uint32((5 << 3) | WIRE.lengthDelimited).string('text');
        writer.uint32((1 << 3) | WIRE.groupEnd);
        writer.uint32((6 << 3) | WIRE.varint).uint32(8);
      }),
    );
    reader.next();
    reader.skip();
    reader.next();
    expect([reader.field, reader.wire]).toEqual([6, WIRE.varint]);
    expect(reader.uint32()).toBe(8);
  });

  it('says what is cut off, and what is no protobuf', () => {
    const of = (...bytes: number[]): WireReader => new WireReader(Uint8Array.from(bytes));
    expect(() => of(0x80).int64()).toThrow('the bytes end within a number');
    expect(() => of(5, 1, 2).bytes()).toThrow('the bytes end within a field');
    expect(() => of(1, 2, 3).float()).toThrow('the bytes end within a field');
    expect(() => of(...Array<number>(11).fill(0xff)).int64()).toThrow('has more than 10 bytes');
    expect(() => {
      const reader = of((1 << 3) | 6);
      reader.next();
      reader.skip();
    }).toThrow('wire type 6');
  });

  it('goes on with fields of the same number only', () => {
    const reader = new WireReader(
      written((writer) => {
        for (const value of [300, -1, 2]) writer.uint32((8 << 3) | WIRE.varint).int64(value);
        writer.uint32((9 << 3) | WIRE.varint).int64(4);
        for (const value of [5, 6]) writer.uint32((100 << 3) | WIRE.varint).int64(value);
      }),
    );
    const read: number[][] = [];
    while (reader.next()) {
      const values: number[] = [];
      do values.push(reader.int64());
      while (reader.goesOn());
      read.push([reader.field, ...values]);
    }
    // A tag of two bytes is a field of its own each time.
    expect(read).toEqual([
      [8, 300, -1, 2],
      [9, 4],
      [100, 5],
      [100, 6],
    ]);
  });

  it('reads lists alike, packed into one field or a field for each', () => {
    const lists = fc.record({
      floats: fc.array(fc.float(), { minLength: 1 }),
      doubles: fc.array(fc.double(), { minLength: 1 }),
      whole: fc.array(fc.oneof(fc.nat(200), fc.maxSafeInteger()), { minLength: 1 }),
      // Many of them alike but for one character.
      texts: fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'é'), maxLength: 12 }), { minLength: 1 }),
    });
    const each = (
      values: readonly number[],
      wire: number,
      put: (writer: protobuf.Writer, value: number) => unknown,
    ) =>
      [true, false].map((packed) => {
        const reader = new WireReader(
          written((writer) => {
            if (packed) writer.uint32((7 << 3) | WIRE.lengthDelimited).fork();
            for (const value of values) put(packed ? writer : writer.uint32((7 << 3) | wire), value);
            if (packed) writer.ldelim();
            writer.uint32((8 << 3) | WIRE.varint).uint32(1);
          }),
        );
        reader.next();
        return reader;
      });
    const readAll = (reader: WireReader, read: (into: number[]) => void): number[] => {
      const into: number[] = [];
      read(into);
      expect([reader.next(), reader.field]).toEqual([true, 8]);
      return into;
    };
    fc.assert(
      fc.property(lists, ({ floats, doubles, whole, texts }) => {
        for (const reader of each(floats, WIRE.fixed32, (writer, value) => writer.float(value)))
          expect(readAll(reader, (into) => reader.floats(into))).toEqual(floats);
        for (const reader of each(doubles, WIRE.fixed64, (writer, value) => writer.double(value)))
          expect(readAll(reader, (into) => reader.doubles(into))).toEqual(doubles);
        for (const reader of each(whole, WIRE.varint, (writer, value) => writer.int64(value)))
          expect(readAll(reader, (into) => reader.int64s(into))).toEqual(whole);
        const reader = new WireReader(
          written((writer) => {
            for (const text of texts) writer.uint32((9 << 3) | WIRE.lengthDelimited).string(text);
          }),
        );
        reader.next();
        const read: string[] = [];
        reader.strings(read);
        expect([read, reader.isAtEnd]).toEqual([texts, true]);
      }),
    );
  });
});
