import { expect, it } from 'vitest';
import { within } from '../../../src/cli/doctor/within.ts';

const LIMIT = { what: 'The disk', code: 'OUTPUT_UNWRITABLE' } as const;

it('gives the result, or the error, of work that ends', async () => {
  expect(await within(60_000, LIMIT, Promise.resolve(7))).toBe(7);
  await expect(within(60_000, LIMIT, Promise.reject(new Error('broken')))).rejects.toThrow('broken');
});

it('ends work that never ends, with an error that says what hung', async () => {
  const never = new Promise<never>(() => {});
  await expect(within(10, LIMIT, never)).rejects.toMatchObject({
    code: 'OUTPUT_UNWRITABLE',
    message: expect.stringContaining('The disk does not answer within 0.01 s'),
  });
});
