import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openStorage } from '../../../src/storage/open-storage.ts';
import { type GcsServer, startGcs } from '../../support/gcs-server.ts';
import { temporaryFolder } from '../../support/project.ts';
import { describeStorage } from '../storage-contract.ts';

let server: GcsServer | undefined;
beforeAll(async () => {
  server = await startGcs(['tables'], 2);
  for (const [name, value] of Object.entries(server.environment)) vi.stubEnv(name, value);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server?.stop();
});

const open = () => openStorage(`gs://tables/${randomUUID()}`);
describeStorage('Google Cloud Storage (AN EMULATOR OF OUR OWN, see test/support/gcs-server.ts)', open);

it('says that a bucket does not exist', async () => {
  const storage = await openStorage('gs://none/x');
  await expect(storage.listFolder('')).rejects.toMatchObject({ code: 'BUCKET_NOT_FOUND', exitCode: 2 });
});

it('sends a large file in pieces', async () => {
  const storage = await open();
  const path = join(await temporaryFolder(), 'large');
  const content = Buffer.alloc(33 * 1024 * 1024, 'serve-batch ');
  await writeFile(path, content);
  await storage.put('large', { path });
  expect(server?.requests.some((each) => each.includes('uploadType=resumable'))).toBe(true);
  const head = await storage.head('large');
  expect(head?.bytes).toBe(content.length);
  const end = { start: content.length - 24, end: content.length, version: head?.version ?? '' };
  expect(await storage.readRange('large', end)).toEqual(content.subarray(-24));
});
