import { describe, expect, it } from 'vitest';
import { storesToCheck } from '../../../src/cli/doctor/check-stores.ts';
import { adHocJob } from '../../../src/config/override-job.ts';

const stored = (name: string, url: string | null) => {
  const job = adHocJob({ model: '/m.onnx', inputs: ['/t.csv'], output: '/out', key: ['store'] });
  if (job.kv === null) throw new Error('a job with a key has a store');
  return { ...job, name, kv: { ...job.kv, url } };
};
const storeless = adHocJob({ model: '/m.onnx', inputs: ['/t.csv'], output: '/out' });

describe('storesToCheck', () => {
  it('names each store of the jobs once, with the jobs that use it', () => {
    const jobs = [stored('a', 'redis://x'), stored('b', null), stored('c', 'redis://x'), storeless];
    expect(storesToCheck(undefined, jobs)).toEqual([
      { url: 'redis://x', jobs: ['a', 'c'], isInOutput: false },
      { url: 'lmdb:/out/b/kv', jobs: ['b'], isInOutput: true },
    ]);
  });

  it('one that is given stands for all of them', () => {
    const jobs = [stored('a', 'redis://x'), stored('b', null), storeless];
    expect(storesToCheck('redis://y', jobs)).toEqual([
      { url: 'redis://y', jobs: ['a', 'b'], isInOutput: false },
    ]);
    expect(storesToCheck('redis://y', [])).toEqual([
      { url: 'redis://y', jobs: ['doctor'], isInOutput: false },
    ]);
  });

  it('none is none', () => {
    expect(storesToCheck('none', [stored('a', null)])).toEqual([]);
    expect(storesToCheck(undefined, [storeless])).toEqual([]);
  });
});
