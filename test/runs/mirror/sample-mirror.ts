import { onTestFinished } from 'vitest';
import { addMirror, removeMirror } from '../../../src/core/files/mirror.ts';
import { BucketMirror } from '../../../src/runs/mirror/bucket-mirror.ts';
import { MemoryStorage } from '../../support/memory-storage.ts';
import { temporaryFolder } from '../sample-run.ts';

export interface SampleMirror {
  readonly storage: MemoryStorage;
  readonly mirror: BucketMirror;
  /** The local folder. */
  readonly folder: string;
}

/** A bucket in memory, shown in a folder of its own until the test ends. Several may show one bucket. */
export async function sampleMirror(storage = new MemoryStorage('s3://bucket/out')): Promise<SampleMirror> {
  const folder = await temporaryFolder();
  const mirror = new BucketMirror({ folder, address: storage.address, open: async () => storage });
  addMirror(mirror);
  onTestFinished(() => removeMirror(mirror));
  return { storage, mirror, folder };
}
