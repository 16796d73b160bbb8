import { describe, expect, it } from 'vitest';
import { isWithin, mountOf, parseMounts } from '../../../src/core/machine/mounts.ts';

const INFO = `27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
40 27 0:40 / /data rw,relatime shared:5 master:2 - nfs4 server:/export rw,vers=4.2
41 40 254:0 /volumes/out /data/my\\040out rw - ext4 /dev/vdb rw
42 27 0:42 / /data2 rw - xfs /dev/vdc rw
43 27 0:43 / /data2 rw - tmpfs tmpfs rw,size=64k
not a line of this file
`;
const mounts = parseMounts(INFO);

describe('parseMounts', () => {
  it('reads lines with any number of optional fields, and leaves others out', () => {
    expect(mounts.map(({ mountPoint, type }) => [mountPoint, type])).toEqual([
      ['/', 'ext4'],
      ['/data', 'nfs4'],
      ['/data/my out', 'ext4'],
      ['/data2', 'xfs'],
      ['/data2', 'tmpfs'],
    ]);
  });

  it('knows the part that is mounted, and the options of the file system', () => {
    expect(mounts[2]).toEqual({
      root: '/volumes/out',
      mountPoint: '/data/my out',
      type: 'ext4',
      superOptions: ['rw'],
    });
    expect(parseMounts('')).toEqual([]);
  });
});

describe('mountOf', () => {
  it.each([
    ['/', 'ext4'],
    ['/home/me', 'ext4'],
    ['/data', 'nfs4'],
    ['/data/in', 'nfs4'],
    ['/data/my out/sales', 'ext4'],
    ['/data/my outside', 'nfs4'],
    // Of two mounts at one place the later one is seen.
    ['/data2/x', 'tmpfs'],
    ['/data22', 'ext4'],
  ])('%s lies on %s', (path, type) => {
    expect(mountOf(path, mounts)?.type).toBe(type);
  });

  it('is undefined where nothing is known', () => {
    expect(mountOf('/x', [])).toBeUndefined();
  });
});

describe('isWithin', () => {
  it.each([
    ['/a/b', '/a', true],
    ['/a', '/a', true],
    ['/ab', '/a', false],
    ['/a', '/', true],
    ['/', '/a', false],
  ])('%s in %s: %s', (path, folder, expected) => {
    expect(isWithin(path, folder)).toBe(expected);
  });
});
