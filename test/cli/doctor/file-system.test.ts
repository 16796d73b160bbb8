import { describe, expect, it } from 'vitest';
import { checkOutputFileSystem, fileSystemKind } from '../../../src/cli/doctor/file-system.ts';

describe('fileSystemKind', () => {
  it.each([
    ['ext4', 'local'],
    ['xfs', 'local'],
    ['btrfs', 'local'],
    ['fuseblk', 'local'],
    ['nfs', 'network'],
    ['nfs4', 'network'],
    ['cifs', 'network'],
    ['smb3', 'network'],
    ['fuse.sshfs', 'network'],
    ['9p', 'network'],
    ['tmpfs', 'memory'],
    ['overlay', 'container'],
    ['fuse.fuse-overlayfs', 'container'],
  ])('%s is %s', (type, kind) => {
    expect(fileSystemKind(type)).toBe(kind);
  });

  it('only a local one is good for an output folder without a word', () => {
    expect(
      ['ext4', 'nfs4', 'tmpfs', 'overlay'].map((type) => checkOutputFileSystem('out', type).mark),
    ).toEqual(['ok', 'warn', 'warn', 'warn']);
  });
});
