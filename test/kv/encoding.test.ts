import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../src/kv/byte-writer.ts';
import { type RowGroup, RowGrouper } from '../../src/kv/group-rows.ts';
import { KeySet } from '../../src/kv/key-set.ts';
import { LmdbEntry, writeEntry } from '../../src/kv/lmdb/lmdb-entry.ts';
import { EntryKeyWriter, sameSeries, seriesRange } from '../../src/kv/lmdb/lmdb-key.ts';
import { ReplyCounter } from '../../src/kv/redis/load/reply-counter.ts';
import { escapeGlob } from '../../src/kv/redis/redis-keys.ts';
import { type KvRow, kvBatch } from '../support/kv-batch.ts';

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
        const grouper = new RowGrouper((group) => groups.push(textsOf(group)));
        for (let start = 0; start < sorted.length; start += rowsPerBatch)
          grouper.add(kvBatch(sorted.slice(start, start + rowsPerBatch)));
        grouper.end();
        const sortedFields = (fields: ReadonlyMap<string, string>) =>
          [...fields].sort(([a], [b]) => (a < b ? -1 : 1));
        expect(groups).toEqual([...expected].map(([key, fields]) => [key, sortedFields(fields)]));
      }),
    );
  });

  it('notices a batch with fewer values than rows', () => {
    const grouper = new RowGrouper(() => {});
    const batch = kvBatch([
      ['a', null, '1'],
      ['b', null, '2'],
    ]);
    const short = { ...batch, valueSizes: batch.valueSizes.subarray(0, 1) };
    expect(() => grouper.add(short)).toThrow(/2 rows.*row 1/);
  });
});

/** A key and its fields with their values; a key without fields has one under the empty text. */
function textsOf(group: RowGroup): [string, [string, string][]] {
  const text = (start: number | undefined, end: number | undefined) =>
    Buffer.from(group.bytes.subarray(start, end)).toString('utf8');
  const rows = Array.from({ length: group.count }, (_, index): [string, string] => [
    group.hasFields ? text(group.fieldStarts[index], group.valueStarts[index]) : '',
    text(group.valueStarts[index], group.valueEnds[index]),
  ]);
  return [text(group.keyStart, group.keyEnd), rows];
}

describe('the entries of an LMDB file', () => {
  const expiry = fc.option(fc.integer({ min: 0, max: 4e12 }), { nil: null });
  const write = (rows: readonly KvRow[], expiresAtMs: number | null) => {
    const writer = new ByteWriter(1);
    const grouper = new RowGrouper((group) => writeEntry(writer, group, expiresAtMs));
    grouper.add(kvBatch(rows));
    grouper.end();
    return new LmdbEntry(Buffer.from(writer.view()));
  };

  it('are read as they were written, with fields', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(text, { minLength: 1 }),
        fc.array(text),
        expiry,
        (some, texts, expiresAtMs) => {
          const fields = some.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
          const values = fields.map((_, index) => (texts[index] ?? 'v').repeat(index % 3 === 0 ? 5 : 1));
          const rows = fields.map((field, index) => ['k', field, values[index] ?? ''] as const);
          const entry = write(rows, expiresAtMs);
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
        },
      ),
    );
  });

  it('are read as they were written, without fields', () => {
    fc.assert(
      fc.property(text, expiry, (value, expiresAtMs) => {
        const entry = write([['k', null, value]], expiresAtMs);
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
        const written = Buffer.from(entryKey(other, shard));
        if (range === undefined) throw new Error('short keys have a range');
        const inRange = range.start.compare(written) <= 0 && written.compare(range.end) < 0;
        expect(inRange).toBe(mine === other);
        const sibling = entryKey(mine, 7);
        expect(sameSeries(sibling, written)).toBe(mine === other);
      }),
    );
  });
});

function entryKey(key: string, shard: number): Buffer {
  const bytes = Buffer.from(key);
  return new EntryKeyWriter().write(bytes, 0, bytes.length, shard);
}

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
      expect(counter.sum).toBe(8);
      expect(counter.error).toBe('OOM command not allowed');
    }
  });

  it('takes a key that is there already for no error, and remembers which command found it', () => {
    const counter = new ReplyCounter();
    counter.take(Buffer.from('+OK\r\n-BUSYKEY Target key name already exists.\r\n:1\r\n$-1\r\n-ERR no\r\n'));
    expect([counter.count, counter.error, counter.takeNils(4)]).toEqual([5, 'ERR no', [1, 3]]);
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
