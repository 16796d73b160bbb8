import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openStorage } from '../../../src/storage/open-storage.ts';
import { type Azurite, startAzurite } from '../../support/azurite.ts';
import { describeStorage, itListsByPages } from '../storage-contract.ts';

let server: Azurite | undefined;
beforeAll(async () => {
  server = await startAzurite(['tables']);
  for (const [name, value] of Object.entries(server.environment)) vi.stubEnv(name, value);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server?.stop();
});

const open = () => openStorage(`az://tables/${randomUUID()}`);
describeStorage('Azure', open);
itListsByPages(open);

it('says that a container does not exist', async () => {
  const storage = await openStorage('az://none/x');
  await expect(storage.listFolder('')).rejects.toMatchObject({ code: 'BUCKET_NOT_FOUND', exitCode: 2 });
});

it('says that the key of the account is wrong, and does not show it', async () => {
  const wrong = Buffer.from('some other key').toString('base64');
  const right = process.env.AZURE_STORAGE_CONNECTION_STRING ?? '';
  vi.stubEnv('AZURE_STORAGE_CONNECTION_STRING', right.replace(/AccountKey=[^;]+/, `AccountKey=${wrong}`));
  const storage = await openStorage('az://tables/x');
  vi.stubEnv('AZURE_STORAGE_CONNECTION_STRING', right);
  const error = await storage.listFolder('').catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'STORAGE_REFUSED', exitCode: 7, retryable: false });
  expect(String(error)).toContain('az://tables/x');
  expect(String(error)).not.toContain(wrong);
});
