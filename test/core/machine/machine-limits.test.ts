import { cpus as processors, totalmem } from 'node:os';
import { describe, expect, it } from 'vitest';
import { machineLimits } from '../../../src/core/machine/machine-limits.ts';

const GIB = 2 ** 30;
const V2 = '30 27 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup rw,nsdelegate\n';
const V1 =
  '31 27 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n32 27 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n';

type Files = Readonly<Record<string, string>>;

/** A machine of 64 processors and 64 GiB, with these files; some stand in /proc/self. */
function limitsOf(files: Files) {
  return machineLimits({ read: (path) => files[path] ?? null, nodeCpus: 64, memoryBytes: 64 * GIB });
}

const v2 = (path: string, files: Files) =>
  limitsOf({
    '/proc/self/mountinfo': V2,
    '/proc/self/cgroup': `0::${path}\n`,
    ...Object.fromEntries(Object.entries(files).map(([name, text]) => [`/sys/fs/cgroup/${name}`, text])),
  });

const v1 = (files: Files, { path = '/', mounts = V1 } = {}) =>
  limitsOf({
    '/proc/self/mountinfo': mounts,
    '/proc/self/cgroup': `5:cpu,cpuacct:${path}\n4:memory:${path}\n1:name=systemd:${path}\n0::/\n`,
    ...Object.fromEntries(Object.entries(files).map(([name, text]) => [`/sys/fs/cgroup/${name}`, text])),
  });

describe('processors, version 2 of control groups', () => {
  it.each([
    ['max 100000', 64, null],
    ['200000 100000', 2, 2],
    // Rounded up: the time is there to be used.
    ['150000 100000', 2, 1.5],
    ['110000 100000', 2, 1.1],
    ['50000 100000', 1, 0.5],
    ['1000 100000', 1, 0.01],
    ['25000 12500', 2, 2],
    ['6400000 100000', 64, 64],
    ['9900000 100000', 64, 99],
    ['nonsense', 64, null],
    ['', 64, null],
  ])('cpu.max "%s" makes %d', (text, cpus, quotaCpus) => {
    expect(v2('/', { 'cpu.max': `${text}\n` })).toMatchObject({ cpus, quotaCpus });
  });

  it('the smallest quota of a group and of all above it counts', () => {
    const files = {
      'kubepods/cpu.max': 'max 100000',
      'kubepods/pod1/cpu.max': '300000 100000',
      'kubepods/pod1/container/cpu.max': '400000 100000',
      'kubepods/other/cpu.max': '100000 100000',
    };
    expect(v2('/kubepods/pod1/container', files).cpus).toBe(3);
    expect(v2('/kubepods/pod1', files).cpus).toBe(3);
    expect(v2('/kubepods', files).cpus).toBe(64);
  });

  it('a group outside of what is mounted has no limit that can be read', () => {
    const files = {
      '/proc/self/mountinfo': V2,
      '/proc/self/cgroup': '0::/../elsewhere\n',
      '/sys/fs/elsewhere/cpu.max': '100000 100000',
    };
    expect(limitsOf(files).cpus).toBe(64);
  });
});

describe('processors, version 1', () => {
  it.each([
    ['-1', '100000', 64],
    ['250000', '100000', 3],
    ['50000', '100000', 1],
    ['200000', '0', 64],
  ])('a quota of %s in %s makes %d', (quota, period, cpus) => {
    const folder = 'cpu,cpuacct';
    const files = { [`${folder}/cpu.cfs_quota_us`]: quota, [`${folder}/cpu.cfs_period_us`]: period };
    expect(v1(files).cpus).toBe(cpus);
  });

  it('groups above count too', () => {
    const files = {
      'cpu,cpuacct/a/cpu.cfs_quota_us': '200000\n',
      'cpu,cpuacct/a/cpu.cfs_period_us': '100000\n',
      'cpu,cpuacct/a/b/cpu.cfs_quota_us': '-1\n',
      'cpu,cpuacct/a/b/cpu.cfs_period_us': '100000\n',
    };
    expect(v1(files, { path: '/a/b' }).cpus).toBe(2);
  });

  it('in a container the path is that of the machine, and its own group is mounted in the place of all', () => {
    const own = '/docker/0123abcd';
    const mounts = V1.replaceAll(' / /sys', ` ${own} /sys`);
    const files = {
      'cpu,cpuacct/cpu.cfs_quota_us': '400000',
      'cpu,cpuacct/cpu.cfs_period_us': '100000',
      'memory/memory.limit_in_bytes': String(2 * GIB),
    };
    expect(v1(files, { path: own, mounts })).toMatchObject({ cpus: 4, memoryBytes: 2 * GIB });
    const inner = { ...files, 'memory/inner/memory.limit_in_bytes': String(GIB) };
    expect(v1(inner, { path: `${own}/inner`, mounts })).toMatchObject({ cpus: 4, memoryBytes: GIB });
    // Where the mount says a group that is not above the path, its own folder is all there is.
    expect(v1(files, { path: '/other', mounts })).toMatchObject({ cpus: 4, memoryBytes: 2 * GIB });
  });
});

describe('memory', () => {
  it.each([
    ['max', 64],
    [String(4 * GIB), 4],
    [String(128 * GIB), 64],
    ['0', 64],
  ])('version 2: memory.max "%s" makes %d GiB', (text, gib) => {
    expect(v2('/', { 'memory.max': `${text}\n` }).memoryBytes).toBe(gib * GIB);
  });

  it('version 2: the smallest above counts', () => {
    const files = { 'a/memory.max': String(GIB), 'a/b/memory.max': 'max' };
    expect(v2('/a/b', files).memoryBytes).toBe(GIB);
  });

  it('version 1: no limit is a number beyond all memory', () => {
    const file = 'memory/memory.limit_in_bytes';
    expect(v1({ [file]: '9223372036854771712' }).memoryBytes).toBe(64 * GIB);
    expect(v1({ [file]: String(3 * GIB) })).toMatchObject({
      memoryBytes: 3 * GIB,
      machineMemoryBytes: 64 * GIB,
    });
  });
});

describe('affinity', () => {
  const status = (list: string) => `Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t${list}\n`;

  it.each([
    ['0-3', 4],
    ['5', 1],
    ['0-1,8,10-11', 5],
  ])('%s are %d', (list, cpus) => {
    expect(limitsOf({ '/proc/self/status': status(list) })).toMatchObject({ cpus, affinityCpus: cpus });
  });

  it('the smaller of affinity and quota counts', () => {
    const files = (list: string, quota: string) => ({
      '/proc/self/status': status(list),
      '/proc/self/mountinfo': V2,
      '/proc/self/cgroup': '0::/\n',
      '/sys/fs/cgroup/cpu.max': quota,
    });
    expect(limitsOf(files('0-1', '500000 100000')).cpus).toBe(2);
    expect(limitsOf(files('0-7', '500000 100000')).cpus).toBe(5);
  });

  it('where Linux says nothing, what Node counts is taken', () => {
    expect(limitsOf({})).toEqual({
      cpus: 64,
      memoryBytes: 64 * GIB,
      affinityCpus: 64,
      quotaCpus: null,
      machineMemoryBytes: 64 * GIB,
    });
  });
});

it('of this machine: no more than there is', () => {
  const { cpus, memoryBytes } = machineLimits();
  expect(cpus).toBeGreaterThanOrEqual(1);
  expect(cpus).toBeLessThanOrEqual(processors().length);
  expect(memoryBytes).toBeLessThanOrEqual(totalmem());
});
