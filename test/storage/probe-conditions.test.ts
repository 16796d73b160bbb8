import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openStorage } from '../../src/storage/open-storage.ts';
import { probeConditions } from '../../src/storage/probe-conditions.ts';
import { type HeedlessS3, startHeedlessS3 } from '../support/heedless-s3.ts';

let server: HeedlessS3 | undefined;
beforeAll(async () => {
  server = await startHeedlessS3(['heedless']);
  for (const [name, value] of Object.entries(server.environment)) vi.stubEnv(name, value);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server?.stop();
});

it('refuses a storage that takes conditions and ignores them, and leaves nothing behind', async () => {
  const storage = await openStorage('s3://heedless/runs');
  await expect(probeConditions(storage)).rejects.toMatchObject({
    code: 'STORAGE_REFUSED',
    message: expect.stringContaining('s3://heedless/runs ignores conditions'),
  });
  expect(await storage.listFolder('')).toEqual({ objects: [], folders: [] });
});
