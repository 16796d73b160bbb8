import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Seconds that the longest files take on two cores, roughly: what starts last should be short. */
const SECONDS: Readonly<Record<string, number>> = {
  'test/e2e/bucket-output.test.ts': 50,
  'test/e2e/bucket-commands.test.ts': 50,
  'test/e2e/incremental-store.test.ts': 40,
  'test/e2e/devices.test.ts': 37,
  'test/e2e/package.test.ts': 35,
  'test/e2e/bucket-input.test.ts': 34,
  'test/e2e/queue.test.ts': 33,
  'test/e2e/kill.test.ts': 33,
  'test/e2e/ends-in-order.test.ts': 30,
  'test/e2e/smoke.test.ts': 27,
  'test/e2e/incremental.test.ts': 26,
  'test/e2e/forecast.test.ts': 26,
  'test/e2e/golden.test.ts': 23,
  'test/e2e/determinism.test.ts': 22,
  'test/e2e/resume.test.ts': 22,
  'test/e2e/cli.test.ts': 21,
  'test/e2e/publish-rollback.test.ts': 17,
  'test/e2e/once-per-occurrence.test.ts': 17,
  'test/e2e/doctor.test.ts': 17,
  'test/e2e/closing.test.ts': 16,
  'test/e2e/report.test.ts': 15,
  'test/e2e/redis-in-the-wild.test.ts': 15,
  'test/e2e/silent-others.test.ts': 14,
  'test/kv/redis/cluster/redis-cluster.test.ts': 35,
  'test/gates/weekly-gates.test.ts': 34,
  'test/property/random-tables.test.ts': 25,
  'test/accuracy/intervals.test.ts': 21,
  'test/tuning/batch-size-bits.test.ts': 18,
  'test/jobs/hand-out/hand-out.test.ts': 18,
  'test/kv/redis/sentinel/redis-sentinel.test.ts': 17,
  'test/corpus/good-parquet.test.ts': 16,
  'test/schedule/serve.test.ts': 15,
};

/**
 * Deals the files to the workers: one project after the other, since a process is for the files of one; the longer
 * ones come first, and of each the longest. So no worker waits at the end while another has just begun a long file.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const root = this.ctx.config.root;
    const gone = Object.keys(SECONDS).filter((name) => !existsSync(join(root, name)));
    if (gone.length > 0)
      throw new Error(`test/support/longest-first.ts lists files that are gone: ${gone.join(', ')}`);
    const names = this.ctx.projects.map(({ name }) => name);
    const place = ({ project }: TestSpecification): number => names.indexOf(project.name);
    const seconds = ({ moduleId }: TestSpecification): number => SECONDS[relative(root, moduleId)] ?? 0;
    return sorted.sort((a, b) => place(a) - place(b) || seconds(b) - seconds(a));
  }
}
