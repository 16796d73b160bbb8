import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../../../src/kv/byte-writer.ts';
import { RowGrouper } from '../../../../src/kv/group-rows.ts';
import { FieldListWriter } from '../../../../src/kv/redis/packed/field-list-writer.ts';
import {
  allValues,
  countLines,
  listId,
  listIdOf,
  readFieldList,
  valueAt,
  writeLine,
  writeLineBreak,
} from '../../../../src/kv/redis/packed/packed-text.ts';
import { type KvRow, kvBatch } from '../../../support/kv-batch.ts';

/** Any text that UTF-8 can hold, with many of the characters that are escaped. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: fc.constantFrom('\n', '\\', 'n', '\r', '\0', 'é', '😀', '1'), maxLength: 12 }),
);

function lines(texts: readonly string[]): Buffer {
  const writer = new ByteWriter(1);
  texts.forEach((each, index) => {
    if (index > 0) writeLineBreak(writer);
    const bytes = Buffer.from(each);
    writeLine(writer, bytes, 0, bytes.length);
  });
  return Buffer.from(writer.view());
}

describe('packed texts', () => {
  it('are read as they were written, one value or all', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 10 }), (values) => {
        const id = listId(lines(values));
        const packed = `${id}\n${lines(values)}`;
        expect(listIdOf(packed)).toBe(id);
        expect(allValues(packed)).toEqual(values);
        expect(values.map((_, place) => valueAt(packed, place))).toEqual(values);
        expect(valueAt(packed, values.length)).toBeUndefined();
        expect(valueAt(packed, values.length + 3)).toBeUndefined();
        expect(countLines(Buffer.from(packed))).toBe(values.length);
        expect(readFieldList(lines(values).toString())).toEqual(values);
      }),
    );
  });

  it('keep a value of a line to itself', () => {
    expect(lines(['1.5', 'a\nb', 'c\\nd', '']).toString()).toBe('1.5\na\\nb\nc\\\\nd\n');
  });

  it.each(['', '1.5', '0123456789abcdef', '0123456789abcdeF\n1', 'x\n1', '0123456789abcdef0\n1'])(
    'are not %j',
    (other) => {
      expect(listIdOf(other)).toBeUndefined();
    },
  );

  it('have ids that any language can make', () => {
    const list = '2026-11-21\n2026-11-22';
    expect(listId(Buffer.from(list))).toBe(createHash('sha1').update(list).digest('hex').slice(0, 16));
  });
});

describe('lists of fields', () => {
  function idsOf(rows: readonly KvRow[]): { ids: string[]; lists: Map<string, string>; told: number } {
    const lists = new Map<string, string>();
    let told = 0;
    const writer = new FieldListWriter((id, list) => {
      lists.set(id, list.toString());
      told++;
    });
    const ids: string[] = [];
    const grouper = new RowGrouper((group) => ids.push(writer.idOf(group)));
    grouper.add(kvBatch(rows));
    grouper.end();
    return { ids, lists, told };
  }

  it('are the same for keys with the same fields, whatever came between, and are told once', () => {
    const week = (key: string): KvRow[] => [
      [key, '21', '1'],
      [key, '22', '2'],
    ];
    const { ids, lists, told } = idsOf([...week('a'), ...week('b'), ['c', '21', '1'], ...week('d')]);
    expect(ids).toEqual([ids[0], ids[0], ids[2], ids[0]]);
    expect(ids[2]).not.toBe(ids[0]);
    expect([...lists.values()]).toEqual(['21\n22', '21']);
    expect(told).toBe(2);
  });

  it('differ where the fields differ, also where their bytes in a row are the same', () => {
    const { ids } = idsOf([
      ['a', '1', ''],
      ['a', '23', ''],
      ['b', '12', ''],
      ['b', '3', ''],
      ['c', '1\n23', ''],
    ]);
    expect(new Set(ids).size).toBe(3);
  });

  it('name the fields of every group, for any fields', () => {
    fc.assert(
      fc.property(fc.array(fc.uniqueArray(text, { minLength: 1, maxLength: 5 })), (keys) => {
        const rows = keys.flatMap((fields, key) => fields.map((field): KvRow => [`key ${key}`, field, 'v']));
        const { ids, lists } = idsOf(rows);
        const found = ids.map((id) => readFieldList(lists.get(id) ?? '').sort());
        expect(found).toEqual(keys.map((fields) => [...fields].sort()));
      }),
    );
  });

  it('may be more than are remembered', () => {
    const rows = Array.from({ length: 3_000 }, (_, key): KvRow => [`${key}`, `field ${key % 1_500}`, 'v']);
    const { ids, lists } = idsOf(rows);
    expect(lists.size).toBe(1_500);
    expect(ids.slice(0, 1_500)).toEqual(ids.slice(1_500));
  });
});
