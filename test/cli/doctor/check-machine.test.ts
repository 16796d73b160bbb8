import { describe, expect, it } from 'vitest';
import { checkMachine } from '../../../src/cli/doctor/check-machine.ts';
import type { MachineLimits } from '../../../src/core/machine/machine-limits.ts';

const LIMITS: MachineLimits = {
  cpus: 4,
  memoryBytes: 8e9,
  affinityCpus: 4,
  quotaCpus: null,
  machineMemoryBytes: 8e9,
};

function texts(limits: Partial<MachineLimits>): string[] {
  return checkMachine({ ...LIMITS, ...limits }).map(({ mark, text }) => `${mark}: ${text}`);
}

describe('checkMachine', () => {
  it('without limits says what there is', () => {
    expect(texts({})).toEqual(['ok: 4', 'ok: 8.0 GB']);
  });

  it('says that a quota takes cores away, and that a fraction is rounded up', () => {
    expect(texts({ cpus: 2, quotaCpus: 1.5 })[0]).toBe(
      'ok: 2 of 4: a quota allows the time of 1.5, rounded up',
    );
    expect(texts({ cpus: 2, quotaCpus: 2 })[0]).toBe('ok: 2 of 4: a quota allows the time of 2');
  });

  it('a quota above what there is changes nothing', () => {
    expect(texts({ quotaCpus: 16 })[0]).toBe('ok: 4');
  });

  it('warns where a process per core does not fit into the memory', () => {
    expect(texts({ memoryBytes: 750e6 })[1]).toBe('ok: 750.0 MB of 8.0 GB: a limit of its control group');
    expect(texts({ memoryBytes: 749e6 })[1]).toMatch(
      /^warn: 749\.0 MB of 8\.0 GB.* at least 750\.0 MB.*processes lower$/,
    );
  });
});
