import { describe, expect, it } from 'vitest';
import { heldBytes } from '../../src/kv/held-bytes.ts';

/** Bytes a prediction, as measured (docs/redis.md): keys such as `sales:20261121T143853Z-4qo3:1:234`. */
const WEEKLY = { keys: 100_000, values: 700_000, bytes: 16_600_000 };
const HOURLY = { keys: 4_000, values: 672_000, bytes: 672_000 * 22 };
const STRINGS = { keys: 700_000, values: 700_000, bytes: 700_000 * 55 };

describe('heldBytes', () => {
  it.each([
    ['redis hash', 'redis://cache', 'hash', WEEKLY, 43],
    ['redis packed', 'redis://cache', 'packed', WEEKLY, 29],
    ['redis strings', 'redis://cache', 'hash', STRINGS, 137],
    ['redis hourly packed', 'redis://cache', 'packed', HOURLY, 11],
    ['LMDB', 'lmdb:/out/kv', 'hash', WEEKLY, 43],
  ] as const)('%s: within a third of what was measured', (_, url, layout, size, measured) => {
    const each = heldBytes(url, layout, size) / size.values;
    expect(each).toBeGreaterThan(measured * 0.67);
    expect(each).toBeLessThan(measured * 1.33);
  });

  it('is nothing for nothing', () => {
    expect(heldBytes('redis://cache', 'hash', { keys: 0, values: 0, bytes: 0 })).toBe(0);
  });
});
