import { describe, expect, it } from 'vitest';
import { freeAddressSpace, mapBytes } from '../../../src/kv/lmdb/lmdb-space.ts';

const GIB = 2 ** 30;

describe('address space for an LMDB file', () => {
  it('is 64 GiB where nothing limits it, or there is plenty', () => {
    expect(mapBytes('x.lmdb', 0, null)).toBe(64 * GIB);
    expect(mapBytes('x.lmdb', 0, 500 * GIB)).toBe(64 * GIB);
  });

  it('is half of what a limit leaves, in whole pages', () => {
    const bytes = mapBytes('x.lmdb', GIB, 10 * GIB + 5000);
    expect(bytes).toBeLessThanOrEqual(5 * GIB + 4096);
    expect(bytes % 4096).toBe(0);
  });

  it('is refused with the limit and what it takes, where the file does not fit', () => {
    expect(() => mapBytes('x.lmdb', 8 * GIB, 10 * GIB)).toThrow(
      expect.objectContaining({
        code: 'STORE_UNAVAILABLE',
        message: expect.stringMatching(/x\.lmdb.*ulimit -v.*10240 MiB.*16896 MiB/),
      }),
    );
  });

  it('is read from the limits of the process', () => {
    const limits = (value: string) => (path: string) =>
      path.endsWith('limits')
        ? `Limit   Soft Limit  Hard Limit  Units\nMax address space         ${value}            unlimited            bytes\n`
        : 'Name:\tnode\nVmSize:\t    1000 kB\n';
    expect(freeAddressSpace(limits('2048000'))).toBe(1_024_000);
    expect(freeAddressSpace(limits('unlimited'))).toBeNull();
    expect(
      freeAddressSpace(() => {
        throw new Error('no /proc');
      }),
    ).toBeNull();
  });
});
