import { describe, expect, it } from 'vitest';
import { keySide, parseCanary } from '../../src/kv/canary.ts';

const KEYS = Array.from({ length: 20_000 }, (_, index) => `${index % 100}:${index}`);

describe('the side of a key', () => {
  it('is what docs/candidates.md says', () => {
    // int.from_bytes(hashlib.sha256(b'1:2').digest()[:4], 'big') / 2**32, by Python.
    expect(keySide('1:2', 0.4032429)).toBe('published');
    expect(keySide('1:2', 0.403243)).toBe('canary');
  });

  it.each([0.0001, 0.05, 0.5, 0.95])('takes the share %d of the keys', (share) => {
    const canary = KEYS.filter((key) => keySide(key, share) === 'canary').length;
    const tolerance = 5 * Math.sqrt(KEYS.length * share * (1 - share));
    expect(Math.abs(canary - share * KEYS.length)).toBeLessThan(tolerance);
  });

  it('never moves a key back while the share grows', () => {
    for (const key of KEYS.slice(0, 2_000)) {
      const sides = [0.01, 0.05, 0.2, 0.8].map((share) => keySide(key, share));
      expect(sides.lastIndexOf('published')).toBeLessThanOrEqual(
        sides.includes('canary') ? sides.indexOf('canary') : 3,
      );
    }
  });
});

describe('what is no canary', () => {
  it.each([
    null,
    'g2',
    {},
    { generation: 'g2' },
    { generation: 'g2', share: 0 },
    { generation: 'g2', share: 1 },
  ])('%j counts as none', (value) => {
    expect(parseCanary(value)).toBeNull();
  });
});
