import { dirname, join } from 'node:path';
import { isWithin, type Mount, parseMounts } from './mounts.ts';

/** Reads a small text file; null where it is not there or may not be read. */
export type ReadText = (path: string) => string | null;

/** What the control groups of this process allow; null: no limit. */
export interface CgroupLimits {
  /** Processor time in each unit of time: 1.5 is one and a half processors. */
  readonly cpus: number | null;
  readonly memoryBytes: number | null;
}

/**
 * The limits that Docker, Kubernetes and systemd set, which `os.availableParallelism()` and
 * `os.totalmem()` of Node 20 do not see. Both versions of control groups; where a machine has both, the
 * smaller limit counts. A group is held to the limits of all above it, as far as this process sees them.
 */
export function cgroupLimits(read: ReadText): CgroupLimits {
  const mounts = parseMounts(read('/proc/self/mountinfo') ?? '');
  const memberships = parseMemberships(read('/proc/self/cgroup') ?? '');
  const cpus: (number | null)[] = [];
  const memory: (number | null)[] = [];
  for (const { controllers, path } of memberships) {
    for (const folder of groupFolders(controllers, path, mounts)) {
      const file = (name: string): string | null => read(join(folder, name))?.trim() ?? null;
      cpus.push(quotaV2(file('cpu.max')), quotaV1(file('cpu.cfs_quota_us'), file('cpu.cfs_period_us')));
      memory.push(positive(file('memory.max')), positive(file('memory.limit_in_bytes')));
    }
  }
  return { cpus: smallest(cpus), memoryBytes: smallest(memory) };
}

interface Membership {
  /** Of version 1; empty for version 2, which has one hierarchy for all. */
  readonly controllers: readonly string[];
  readonly path: string;
}

/** `/proc/self/cgroup`: lines such as `4:cpu,cpuacct:/system.slice` and `0::/kubepods/pod1`. */
function parseMemberships(text: string): readonly Membership[] {
  return text.split('\n').flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(.+)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) return [];
    return [{ controllers: controllers === '' ? [] : controllers.split(','), path }];
  });
}

/** The folder of a group and those of all groups above it. */
function groupFolders(
  controllers: readonly string[],
  path: string,
  mounts: readonly Mount[],
): readonly string[] {
  const [controller] = controllers;
  const mount = mounts.find(({ type, superOptions }) =>
    controller === undefined ? type === 'cgroup2' : type === 'cgroup' && superOptions.includes(controller),
  );
  if (mount === undefined) return [];
  const { root, mountPoint } = mount;
  // In a container the path may be that of the machine, of which only the container's own group is mounted.
  const inside = isWithin(path, root) ? path.slice(root === '/' ? 0 : root.length) : '';
  const folders = [join(mountPoint, inside)];
  for (let folder = folders[0] ?? mountPoint; folder !== mountPoint && isWithin(folder, mountPoint); ) {
    folder = dirname(folder);
    folders.push(folder);
  }
  return folders.filter((folder) => isWithin(folder, mountPoint));
}

/** `cpu.max` is `QUOTA PERIOD` in microseconds, or `max PERIOD`. */
function quotaV2(text: string | null): number | null {
  const [quota = '', period = ''] = text?.split(' ') ?? [];
  return ratio(quota, period);
}

/** No limit is a quota of -1. */
function quotaV1(quota: string | null, period: string | null): number | null {
  return ratio(quota ?? '', period ?? '');
}

function ratio(quota: string, period: string): number | null {
  const [upper, lower] = [positive(quota), positive(period)];
  return upper === null || lower === null ? null : upper / lower;
}

/** Null for `max`, for -1 and for what is no number. */
function positive(text: string | null): number | null {
  return text !== null && /^[1-9]\d*$/.test(text) ? Number(text) : null;
}

function smallest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.min(...known);
}
