import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openStorage } from '../../../src/storage/open-storage.ts';
import { type Ceph, startCeph } from '../../support/ceph.ts';
import { describeStorage, itListsByPages } from '../storage-contract.ts';

let server: Ceph | undefined;
beforeAll(async () => {
  server = await startCeph(['tables']);
  for (const [name, value] of Object.entries(server.environment)) vi.stubEnv(name, value);
}, 600_000);
afterAll(async () => {
  vi.unstubAllEnvs();
  await server?.stop();
});

const open = () => openStorage(`s3://tables/${randomUUID()}`);
describeStorage('S3', open);
itListsByPages(open);

it('says that a bucket does not exist', async () => {
  const storage = await openStorage('s3://none/x');
  await expect(storage.listFolder('')).rejects.toMatchObject({
    code: 'BUCKET_NOT_FOUND',
    exitCode: 2,
    message: expect.stringContaining('s3://none/x'),
  });
});

it.each([
  ['the key', 'AWS_ACCESS_KEY_ID'],
  ['the secret', 'AWS_SECRET_ACCESS_KEY'],
])('says that %s is wrong, and does not show it', async (_, name) => {
  const right = process.env[name] ?? '';
  vi.stubEnv(name, 'wrong-and-hidden');
  const storage = await openStorage('s3://tables/x');
  const error = await storage.listFolder('').catch((reason: unknown) => reason);
  const head = await storage.head('some').catch((reason: unknown) => reason);
  vi.stubEnv(name, right);
  for (const each of [error, head]) {
    expect(each).toMatchObject({ code: 'STORAGE_REFUSED', exitCode: 7, retryable: false });
    expect(String(each)).toContain('s3://tables/x');
    expect(String(each)).not.toContain('hidden');
  }
});
