import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectInfo, ObjectStorage } from '../../src/storage/object-storage.ts';
import { probeConditions } from '../../src/storage/probe-conditions.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (content: Uint8Array | null | undefined): string | null =>
  content == null ? null : Buffer.from(content).toString();

/** Names that some part of the way may take apart: URLs, signatures, XML. */
const ODD_KEYS = [
  'with space/a b.txt',
  'ünï/日本 🙂.txt',
  'plus+sign/1+1=2.txt',
  '100%/%41%2F.txt',
  'region=north/day=2026-11-21/part.parquet',
  "quote'/semi;colon&amp.txt",
  'hash#/question?.txt',
] as const;

/** What every storage has to do. @param open a storage over an empty place; called once for each test */
export function describeStorage(name: string, open: () => Promise<ObjectStorage>): void {
  describe(`the storage interface over ${name}`, () => {
    let folder = '';
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'serve-batch-storage-'));
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    it('gives back what was put, with its size, version and times', async () => {
      const storage = await open();
      await storage.put('a/b.txt', bytes('first'));
      const read = await storage.read('a/b.txt');
      expect(text(read?.content)).toBe('first');
      const head = await storage.head('a/b.txt');
      expect(head).toMatchObject({ key: 'a/b.txt', bytes: 5, version: read?.version });
      expect(head?.version).not.toBe('');
      expect(Math.abs((head?.serverTimeMs ?? 0) - Date.now())).toBeLessThan(3_600_000);
      expect(Math.abs((head?.serverTimeMs ?? 0) - (head?.modifiedMs ?? 0))).toBeLessThan(3_600_000);
    });

    it('has null for what is not there', async () => {
      const storage = await open();
      expect(await storage.read('none')).toBeNull();
      expect(await storage.head('none')).toBeNull();
      expect(await storage.readRange('none', { start: 0, end: 1, version: '1' })).toBeNull();
      await storage.delete('none');
      expect(await storage.listFolder('')).toEqual({ objects: [], folders: [] });
    });

    it('reads ranges of the version that is asked for, and of no other', async () => {
      const storage = await open();
      await storage.put('x', bytes('0123456789'));
      const { version = '' } = (await storage.head('x')) ?? {};
      expect(text(await storage.readRange('x', { start: 2, end: 5, version }))).toBe('234');
      expect(text(await storage.readRange('x', { start: 9, end: 10, version }))).toBe('9');
      expect(text(await storage.readRange('x', { start: 4, end: 4, version }))).toBe('');
      await storage.put('x', bytes('abcdefghij'));
      expect(await storage.readRange('x', { start: 2, end: 5, version })).toBeNull();
      const now = (await storage.head('x'))?.version ?? '';
      expect(now).not.toBe(version);
      expect(text(await storage.readRange('x', { start: 2, end: 5, version: now }))).toBe('cde');
    });

    it('overwrites with put, and stores empty objects and files', async () => {
      const storage = await open();
      await storage.put('x', bytes('old and long'));
      await storage.put('x', bytes('new'));
      expect(text((await storage.read('x'))?.content)).toBe('new');
      await storage.put('x', new Uint8Array(0));
      expect((await storage.read('x'))?.bytes).toBe(0);
      const path = join(folder, 'file');
      await writeFile(path, 'from a file');
      await storage.put('x', { path });
      expect(text((await storage.read('x'))?.content)).toBe('from a file');
      await writeFile(path, '');
      await storage.put('x', { path });
      expect((await storage.head('x'))?.bytes).toBe(0);
    });

    it('lets one of many create an object, even where all write the same bytes', async () => {
      const storage = await open();
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => storage.create('claim', bytes('me'))),
      );
      expect(answers.filter((each) => each === 'won')).toHaveLength(1);
      expect(await storage.create('claim', bytes('other'))).toBe('lost');
      expect(text((await storage.read('claim'))?.content)).toBe('me');
      await storage.delete('claim');
      expect(await storage.head('claim')).toBeNull();
      expect(await storage.create('claim', bytes('again'))).toBe('won');
    });

    it('lists by prefix and by folder, with keys that say what they are', async () => {
      const storage = await open();
      for (const key of ['a/1', 'a/2', 'a/b/3', 'ab', 'c']) await storage.put(key, bytes(key));
      expect(await keys(storage.list(''))).toEqual(['a/1', 'a/2', 'a/b/3', 'ab', 'c']);
      expect(await keys(storage.list('a'))).toEqual(['a/1', 'a/2', 'a/b/3', 'ab']);
      expect(await keys(storage.list('a/'))).toEqual(['a/1', 'a/2', 'a/b/3']);
      expect(await keys(storage.list('z'))).toEqual([]);
      const listing = await storage.listFolder('a');
      expect(listing.objects.map(({ key, bytes: size }) => [key, size])).toEqual([
        ['a/1', 3],
        ['a/2', 3],
      ]);
      expect(listing.folders).toEqual(['a/b/']);
      const [first] = listing.objects;
      expect(first).toMatchObject({ version: (await storage.head('a/1'))?.version });
    });

    it.each(ODD_KEYS)('stores and lists under the key %s', async (key) => {
      const storage = await open();
      await storage.put(key, bytes(key));
      expect(text((await storage.read(key))?.content)).toBe(key);
      const { version = '' } = (await storage.head(key)) ?? {};
      expect(text(await storage.readRange(key, { start: 0, end: Buffer.byteLength(key), version }))).toBe(
        key,
      );
      expect(await keys(storage.list(''))).toEqual([key]);
      expect(await storage.create(key, bytes('x'))).toBe('lost');
      await storage.delete(key);
      expect(await keys(storage.list(''))).toEqual([]);
    });

    it('honours conditions, and the probe leaves nothing behind', async () => {
      const storage = await open();
      await probeConditions(storage);
      expect(await keys(storage.list(''))).toEqual([]);
    });

    it('ends with the reason of its signal', async () => {
      const storage = await open();
      const reason = new Error('stop');
      const options = { signal: AbortSignal.abort(reason) };
      await expect(storage.read('x', options)).rejects.toBe(reason);
      await expect(storage.put('x', bytes('x'), options)).rejects.toBe(reason);
      await expect(storage.create('x', bytes('x'), options)).rejects.toBe(reason);
      expect(await storage.head('x')).toBeNull();
    });
  });
}

/** For servers that answer a listing page by page. */
export function itListsByPages(open: () => Promise<ObjectStorage>): void {
  it('lists more objects than one answer holds', async () => {
    const storage = await open();
    const names = Array.from({ length: 1_001 }, (_, index) => `many/${String(index).padStart(4, '0')}`);
    for (let start = 0; start < names.length; start += 50)
      await Promise.all(names.slice(start, start + 50).map((name) => storage.put(name, bytes('x'))));
    expect(await keys(storage.list('many/'))).toEqual(names);
    expect((await storage.listFolder('many')).objects).toHaveLength(1_001);
  });
}

async function keys(objects: AsyncIterable<ObjectInfo>): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of objects) found.push(key);
  return found;
}
