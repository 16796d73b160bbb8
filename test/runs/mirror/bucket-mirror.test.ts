import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  commitFile,
  removeFile,
  removeFolder,
  writeFileDurably,
} from '../../../src/core/files/durable-file.ts';
import {
  fetchContent,
  isStandIn,
  listAnew,
  lookAnew,
  obtain,
  publicPath,
  releaseContent,
  withPublicPaths,
} from '../../../src/core/files/mirror.ts';
import { readTextFile } from '../../../src/core/files/regular-file.ts';
import { createFileExclusively } from '../../../src/storage/local/exclusive-file.ts';
import { probeConditions } from '../../../src/storage/probe-conditions.ts';
import { MemoryStorage } from '../../support/memory-storage.ts';
import { temporaryFolder } from '../sample-run.ts';
import { sampleMirror } from './sample-mirror.ts';

const text = (content: string): Uint8Array => Buffer.from(content);

describe('what stands in a bucket', () => {
  it('is shown with names and sizes, and read when somebody wants it', async () => {
    const { storage, folder } = await sampleMirror();
    await storage.put('sales/runs/a/plan.json', text('{"plan": 1}'));
    await storage.put('sales/runs/a/parts/part-00000.parquet', text('PAR1'));
    await listAnew(join(folder, 'sales/runs/a'));
    const plan = join(folder, 'sales/runs/a/plan.json');
    expect((await readdir(join(folder, 'sales/runs/a'))).sort()).toEqual(['parts', 'plan.json']);
    expect((await stat(plan)).size).toBe(11);
    expect(await isStandIn(plan)).toBe(true);
    expect(await readTextFile(plan)).toBe('{"plan": 1}');
    expect(await isStandIn(plan)).toBe(false);
    expect(await readdir(join(folder, 'sales/runs/a/parts'))).toEqual([]);
  });

  it('is read once as long as it stays the same, and again once it has another version', async () => {
    const { storage, folder } = await sampleMirror();
    const path = join(folder, 'current');
    await storage.put('current', text('first'));
    await listAnew(folder);
    await readTextFile(path);
    await listAnew(folder);
    await readTextFile(path);
    expect(storage.requests.filter((request) => request === 'read current')).toHaveLength(1);
    await storage.put('current', text('other'));
    expect(await readTextFile(path)).toBe('first');
    await lookAnew(path);
    expect(await readTextFile(path)).toBe('other');
  });

  it('goes from the folder once it is gone from the bucket; what is scratch stays', async () => {
    const { storage, folder } = await sampleMirror();
    await storage.put('sales/plans.jsonl', text('x'));
    await storage.put('sales/runs/a/plan.json', text('x'));
    await listAnew(join(folder, 'sales'));
    await mkdir(join(folder, 'sales/spool'));
    await storage.delete('sales/plans.jsonl');
    await storage.delete('sales/runs/a/plan.json');
    await listAnew(join(folder, 'sales'));
    expect(await readdir(join(folder, 'sales'))).toEqual(['spool']);
  });

  it('is not read where nobody has looked for it, unless that is asked', async () => {
    const { storage, folder } = await sampleMirror();
    await storage.put('log.jsonl', text('a line\n'));
    const path = join(folder, 'log.jsonl');
    await fetchContent(path);
    expect(existsSync(path)).toBe(false);
    await obtain(path);
    expect(await readFile(path, 'utf8')).toBe('a line\n');
  });

  it('that is gone between the look and the read is missing, as in any folder', async () => {
    const { storage, folder } = await sampleMirror();
    await storage.put('plan.json', text('{}'));
    await listAnew(folder);
    await storage.delete('plan.json');
    await expect(readTextFile(join(folder, 'plan.json'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('larger than a piece arrives whole', async () => {
    const { storage, folder } = await sampleMirror();
    const content = Buffer.alloc(8 * 2 ** 20 + 5, 'abcdefg');
    await storage.put('part.parquet', content);
    await obtain(join(folder, 'part.parquet'));
    expect((await readFile(join(folder, 'part.parquet'))).equals(content)).toBe(true);
  });

  it('gives its local space back', async () => {
    const { folder, mirror, storage } = await sampleMirror();
    const temporary = join(folder, 'new');
    await writeFile(temporary, Buffer.alloc(100_000, 1));
    const part = join(folder, 'part-00000.parquet');
    await commitFile(temporary, part);
    expect(storage.objects.get('part-00000.parquet')?.content.length).toBe(100_000);
    await releaseContent(part);
    const { size, blocks } = await stat(part);
    expect([size, blocks]).toEqual([100_000, 0]);
    await mirror.fetch(part);
    expect((await readFile(part))[99_999]).toBe(1);
  });
});

describe('what is to be seen by others', () => {
  it('goes to the bucket, with the names that it has there', async () => {
    const { storage, folder } = await sampleMirror();
    const path = join(folder, 'plan.json');
    await writeFileDurably(path, `{"staged": "${folder}/staged/input.parquet"}`);
    expect(storage.text('plan.json')).toBe('{"staged": "s3://bucket/out/staged/input.parquet"}');
    expect(publicPath(path)).toBe('s3://bucket/out/plan.json');
    expect(withPublicPaths(`error: ${path} is gone`)).toBe('error: s3://bucket/out/plan.json is gone');
  });

  it('is created by one of those who try', async () => {
    const { storage, folder } = await sampleMirror();
    const second = await sampleMirror(storage);
    const won = await Promise.all(
      [folder, second.folder].map((each, index) => createFileExclusively(join(each, 'claim'), `${index}`)),
    );
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(storage.text('claim')).toBe(won[0] ? '0' : '1');
  });

  it('does not get there where it is scratch', async () => {
    const { storage, folder } = await sampleMirror();
    await mkdir(join(folder, 'sales/tmp'), { recursive: true });
    await writeFileDurably(join(folder, 'sales/tmp/x'), 'x');
    expect(storage.objects.size).toBe(0);
  });

  it('is removed there, what makes a run count first', async () => {
    const { storage, folder } = await sampleMirror();
    for (const name of ['_SUCCESS', 'parts/part-00000.parquet', 'plan.json', 'run.json', 'shards/00000.json'])
      await storage.put(`sales/runs/a/${name}`, text('x'));
    await storage.put('sales/runs/ab/run.json', text('x'));
    await storage.put('sales/pause.json', text('x'));
    await removeFile(join(folder, 'sales/pause.json'));
    await removeFolder(join(folder, 'sales/runs/a'));
    expect([...storage.objects.keys()]).toEqual(['sales/runs/ab/run.json']);
    const deleted = storage.requests.filter((request) => request.startsWith('delete'));
    expect(deleted.slice(1, 3).sort()).toEqual([
      'delete sales/runs/a/_SUCCESS',
      'delete sales/runs/a/run.json',
    ]);
  });

  it('stays on this machine outside of mirrors', async () => {
    const { storage } = await sampleMirror();
    const path = join(await temporaryFolder(), 'plan.json');
    await writeFileDurably(path, '{}');
    await listAnew(join(path, '..'));
    expect(await readTextFile(path)).toBe('{}');
    expect(storage.requests).toEqual([]);
    expect(publicPath(path)).toBe(path);
  });
});

describe('a storage that passes over conditions', () => {
  it('is refused, and nothing is left in it', async () => {
    class Heedless extends MemoryStorage {
      override async create(key: string, content: Uint8Array): Promise<'won'> {
        await this.put(key, content);
        return 'won';
      }
    }
    const storage = new Heedless('s3://bucket/out');
    const { mirror } = await sampleMirror(storage);
    await expect(mirror.assertUsable()).rejects.toMatchObject({ code: 'STORAGE_REFUSED' });
    expect(storage.objects.size).toBe(0);
    await expect(probeConditions(new MemoryStorage('s3://bucket'))).resolves.toBeUndefined();
  });
});
