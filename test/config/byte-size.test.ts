import { describe, expect, it } from 'vitest';
import { byteSize, parseByteSize } from '../../src/config/fields/byte-size.ts';

describe('byteSize', () => {
  it.each([
    [4096, 4096],
    ['4096', 4096],
    ['12B', 12],
    ['1KB', 1000],
    ['1GB', 1_000_000_000],
    ['1gb', 1_000_000_000],
    ['1.5 GB', 1_500_000_000],
    ['1KiB', 1024],
    ['512MiB', 536_870_912],
    ['2TiB', 2_199_023_255_552],
  ])('%j is %i bytes', (value, bytes) => {
    expect(byteSize(value)).toBe(bytes);
  });

  it.each([0, -1, '0GB', '', 'GB', '1XB', '1G', '1,5GB', '80%', '99999999TB'])('refuses %j', (value) => {
    expect(byteSize(value)).toBeUndefined();
  });
});

describe('parseByteSize', () => {
  it('says where the value stands, what it is and what to write', () => {
    expect(() => parseByteSize('80%', 'execution.memoryLimit')).toThrow(
      expect.objectContaining({
        code: 'JOB_FILE',
        message:
          'execution.memoryLimit is "80%"; expected a size in bytes, or with a unit (KB, MB, GB, TB; KiB, MiB, GiB, TiB). Write for example 1GB.',
      }),
    );
  });
});
