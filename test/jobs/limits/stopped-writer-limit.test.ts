import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { unlessWriterStopped } from '../../../src/jobs/limits/stopped-writer-limit.ts';
import { openLmdbFile } from '../../../src/kv/lmdb/lmdb-file.ts';
import { findStoppedWriter } from '../../../src/kv/lmdb/lmdb-stopped-writer.ts';
import { REPOSITORY } from '../../support/built.ts';

/** Waits for its signal, as a command does whose child waits for LMDB. */
function waits(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

const QUICK = { lookEveryMs: 10, looks: 3 };
const NEVER = new AbortController().signal;

describe.skipIf(!existsSync('/proc/self/stat'))(
  'a process that is stopped while it writes to an LMDB file',
  () => {
    /** It is stopped inside a write transaction. */
    async function stoppedWriter() {
      const folder = await mkdtemp(join(tmpdir(), 'serve-batch-lmdb-'));
      const script = `
      const db = require('lmdb').open({ path: process.argv[1], noSubdir: true, maxReaders: 1024 });
      db.transactionSync(() => process.kill(process.pid, 'SIGSTOP'));
      process.send('done');
      process.disconnect();`;
      const path = join(folder, 'sales.g1.lmdb');
      // This process has the file open, too.
      const own = openLmdbFile(path);
      onTestFinished(() => own.db.close());
      const child = spawn(process.execPath, ['-e', script, path], {
        cwd: REPOSITORY,
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      });
      onTestFinished(async () => {
        child.kill('SIGKILL');
        await rm(folder, { recursive: true, force: true });
      });
      const found = await vi.waitUntil(() => findStoppedWriter(folder, 'sales'), { timeout: 30_000 });
      return { folder, child, path, found };
    }

    it('is found by its number, and is nobody once it goes on', async () => {
      const { folder, child, path, found } = await stoppedWriter();
      expect(found).toEqual({ pid: child.pid, file: `${path}-lock` });
      expect(await findStoppedWriter(folder, 'sale')).toBeNull();
      // By its locks LMDB knows who has the file open: to look must not lose that of this process.
      const locks = readFileSync('/proc/locks', 'utf8').split('\n');
      const isOwn = new RegExp(` ${process.pid} \\S+:${statSync(`${path}-lock`).ino} `);
      expect(locks.some((line) => isOwn.test(line))).toBe(true);
      const done = once(child, 'message');
      child.kill('SIGCONT');
      await done;
      expect(await findStoppedWriter(folder, 'sales')).toBeNull();
    });

    it('ends the work that waits for it, by its name', async () => {
      const { folder, child } = await stoppedWriter();
      const place = { storeUrl: `lmdb:${folder}`, job: 'sales' };
      await expect(unlessWriterStopped(place, NEVER, waits, QUICK)).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        exitCode: 7,
        message: expect.stringContaining(`kill -CONT ${child.pid}`),
      });
    });
  },
);

it('work whose store nobody holds ends by itself', async () => {
  for (const storeUrl of [null, 'redis://127.0.0.1:1', 'lmdb:/nowhere/at/all'])
    expect(await unlessWriterStopped({ storeUrl, job: 'sales' }, NEVER, async () => 'done', QUICK)).toBe(
      'done',
    );
});

it('a signal ends the work as ever', async () => {
  const given = new AbortController();
  const place = { storeUrl: 'lmdb:/nowhere/at/all', job: 'sales' };
  const work = unlessWriterStopped(place, given.signal, waits, QUICK);
  given.abort(new Error('enough'));
  await expect(work).rejects.toThrow('enough');
});
