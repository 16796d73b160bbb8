import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../src/kv/byte-writer.ts';
import { type RowGroup, RowGrouper } from '../../src/kv/group-rows.ts';
import { KeySet } from '../../src/kv/key-set.ts';
import { LmdbEntry, writeEntry } from '../../src/kv/lmdb-entry.ts';
import { EntryKeyWriter, sameSeries, seriesRange } from '../../src/kv/lmdb-key.ts';
import { escapeGlob } from '../../src/kv/redis-keys.ts';
import { ReplyCounter } from '../../src/kv/reply-counter.ts';

/** Any text that UTF-8 can hold: without halves of surrogate pairs. */
const text = fc.string({ unit: 'binary', maxLength: 60 });

describe('grouping rows', () => {
  it('gives every key its distinct fields, sorted, with their last values, however batches are cut', () => {
    const rows = fc.array(
      fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2', '10', ''), text),
    );
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 5 }), (unsorted, rowsPerBatch) => {
        const sorted = unsorted.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
        const expected = new Map<string, Map<string, string>>();
        for (const [key, field, value] of sorted)
          expected.set(key, new Map([...(expected.get(key) ?? []), [field, value]]));
        const groups: [string, [string, string][]][] = [];
        const grouper = new RowGrouper(({ key, fields, values }) =>
          groups.push([key, (fields ?? []).map((field, index) => [field, values[index] ?? '?'])]),
        );
        for (let start = 0; start < sorted.length; start += rowsPerBatch) {
          const some = sorted.slice(start, start + rowsPerBatch);
          const [keys, fields, values] = [0, 1, 2].map((column) => some.map((row) => row[column] ?? ''));
          grouper.add(
            { rows: some.length, keys: keys ?? [], fields: fields ?? [], values: values ?? [] },
            0,
            some.length,
          );
        }
        grouper.end();
        const sortedFields = (fields: ReadonlyMap<string, string>) =>
          [...fields].sort(([a], [b]) => (a < b ? -1 : 1));
        expect(groups).toEqual([...expected].map(([key, fields]) => [key, sortedFields(fields)]));
      }),
    );
  });

  it('notices a batch with fewer values than rows', () => {
    const grouper = new RowGrouper(() => {});
    const short = { rows: 2, keys: ['a', 'b'], fields: null, values: ['1'] };
    expect(() => grouper.add(short, 0, 2)).toThrow(/2 rows.*row 1/);
  });
});

describe('the entries of an LMDB file', () => {
  const expiry = fc.option(fc.integer({ min: 0, max: 4e12 }), { nil: null });
  const write = (group: RowGroup, expiresAtMs: number | null) => {
    const writer = new ByteWriter(1);
    writeEntry(writer, group, expiresAtMs);
    return new LmdbEntry(Buffer.from(writer.view()));
  };

  it('are read as they were written, with fields', () => {
    fc.assert(
      fc.property(fc.uniqueArray(text), fc.array(text), expiry, (fields, texts, expiresAtMs) => {
        const values = fields.map((_, index) => (texts[index] ?? 'v').repeat(index % 3 === 0 ? 5 : 1));
        const entry = write({ key: 'k', fields, values }, expiresAtMs);
        expect([entry.hasFields, entry.expiresAtMs, entry.fieldCount()]).toEqual([
          true,
          expiresAtMs,
          fields.length,
        ]);
        const series = new Map<string, string>();
        entry.readInto(series);
        expect([...series]).toEqual(fields.map((field, index) => [field, values[index]]));
        fields.forEach((field, index) => {
          expect(entry.field(Buffer.from(field))).toBe(values[index]);
        });
        if (!fields.includes('absent')) expect(entry.field(Buffer.from('absent'))).toBeUndefined();
      }),
    );
  });

  it('are read as they were written, without fields', () => {
    fc.assert(
      fc.property(text, expiry, (value, expiresAtMs) => {
        const entry = write({ key: 'k', fields: null, values: [value] }, expiresAtMs);
        expect([entry.hasFields, entry.expiresAtMs, entry.plain()]).toEqual([false, expiresAtMs, value]);
      }),
    );
  });

  it.each([[Buffer.alloc(0)], [Buffer.from([0xff])], [Buffer.from([2, 0])]])(
    'refuse bytes of others: %o',
    (bytes) => {
      expect(() => new LmdbEntry(bytes)).toThrow(expect.objectContaining({ code: 'STORE_REFUSED' }));
    },
  );

  it('refuse an entry that was cut short', () => {
    expect(() => new LmdbEntry(Buffer.from([1, 2, 1, 65])).readInto(new Map())).toThrow(/damaged/);
  });

  it('have keys that lie in the range of their series, and of no other', () => {
    const key = fc.string({ unit: fc.constantFrom('\0', '\u0001', '\u0002', 'a', 'é', '😀'), maxLength: 6 });
    fc.assert(
      fc.property(key, key, fc.nat({ max: 0xffffffff }), (mine, other, shard) => {
        const range = seriesRange(mine);
        const written = Buffer.from(new EntryKeyWriter().write(other, shard));
        if (range === undefined) throw new Error('short keys have a range');
        const inRange = range.start.compare(written) <= 0 && written.compare(range.end) < 0;
        expect(inRange).toBe(mine === other);
        const sibling = new EntryKeyWriter().write(mine, 7);
        expect(sameSeries(sibling, written)).toBe(mine === other);
      }),
    );
  });
});

describe('what Redis is sent and answers', () => {
  it('escapes patterns so that they match themselves only', () => {
    expect(escapeGlob('a*b?c[d-e]^f\\')).toBe('a\\*b\\?c\\[d\\-e\\]\\^f\\\\');
    expect(escapeGlob('sales:20261121T000000Z')).toBe('sales:20261121T000000Z');
  });

  it('counts replies and keeps the first error, wherever the stream is cut', () => {
    const stream = Buffer.from(':7\r\n+OK\r\n-OOM command not allowed\r\n:1\r\n-ERR later\r\n:0\r\n');
    for (let size = 1; size <= stream.length; size++) {
      const counter = new ReplyCounter();
      for (let start = 0; start < stream.length; start += size)
        counter.take(stream.subarray(start, start + size));
      expect(counter.count).toBe(6);
      expect(counter.error).toBe('OOM command not allowed');
    }
  });

  it('counts no reply before its line has ended', () => {
    const counter = new ReplyCounter();
    counter.take(Buffer.from('-NOAUTH Authentication'));
    expect([counter.count, counter.error]).toEqual([0, undefined]);
  });

  it('remembers which of many keys it has seen', () => {
    const seen = new KeySet();
    const keys = Array.from(
      { length: 50_000 },
      (_, index) => `sales:g1:${index % 100}:${Math.floor(index / 100)}`,
    );
    expect(keys.every((key) => seen.add(key))).toBe(true);
    expect(keys.some((key) => seen.add(key))).toBe(false);
    expect(seen.size).toBe(keys.length);
  });
});
