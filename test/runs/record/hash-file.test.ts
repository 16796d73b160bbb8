import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sha256OfFile } from '../../../src/runs/record/hash-file.ts';

const READ_BYTES = 512 * 1024;

describe('the hash of a file', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'serve-batch-hash-'));
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await rm(folder, { recursive: true, force: true });
  });

  const contentOf = (bytes: number): Buffer => Buffer.alloc(bytes, `content of ${bytes}, `);
  async function fileOf(bytes: number): Promise<string> {
    const path = join(folder, `${bytes}`);
    await writeFile(path, contentOf(bytes));
    return path;
  }
  const hashOf = (bytes: number): string => createHash('sha256').update(contentOf(bytes)).digest('hex');

  it.each([0, 1, READ_BYTES - 1, READ_BYTES, READ_BYTES + 1, 3 * READ_BYTES + 7])(
    'is that of its %i bytes',
    async (bytes) => {
      expect(await sha256OfFile(await fileOf(bytes))).toBe(hashOf(bytes));
    },
  );

  it('is right where several are read at once: none reads into the buffer of another', async () => {
    const sizes = Array.from({ length: 6 }, (_, index) => 2 * READ_BYTES + index);
    const paths = await Promise.all(sizes.map(fileOf));
    expect(await Promise.all(paths.map((path) => sha256OfFile(path)))).toEqual(sizes.map(hashOf));
  });

  it('makes no buffer anew for each file: what waits for the garbage collector grew with the shards', async () => {
    const path = await fileOf(2 * READ_BYTES);
    await sha256OfFile(path);
    const made = vi.spyOn(Buffer, 'allocUnsafeSlow');
    for (let time = 0; time < 3; time++) await sha256OfFile(path);
    expect(made).not.toHaveBeenCalled();
  });

  it('ends with the reason of its signal', async () => {
    const path = await fileOf(1);
    await expect(sha256OfFile(path, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  });

  it('says that there is no such file', async () => {
    await expect(sha256OfFile(join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
