import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { bindJob } from '../../src/config/bind-job.ts';
import { adHocJob } from '../../src/config/override-job.ts';
import { type Effects, silentLog, silentProgress, systemClock } from '../../src/core/effects.ts';
import { publishEarlier } from '../../src/jobs/publish/publish-earlier.ts';
import { runJob } from '../../src/jobs/run-job.ts';
import type { RanJob, RunJobOptions } from '../../src/jobs/run-job-options.ts';
import { locksFolder, runPaths, runsFolder } from '../../src/runs/layout.ts';
import { claimPath } from '../../src/runs/lock/lock-claim.ts';
import { readCurrent } from '../../src/runs/publication.ts';
import { REPOSITORY } from '../support/cli.ts';
import { inProcess } from '../support/in-process-workers.ts';
import { temporaryFolder } from '../support/project.ts';

const fixture = (name: string): string => join(REPOSITORY, 'fixtures', name);

let folder: string;
beforeEach(async () => {
  folder = join(await temporaryFolder(), 'out', 'weekly');
});

interface Changes {
  readonly occurrence?: string;
  readonly effects?: Partial<Effects>;
  readonly options?: Partial<RunJobOptions>;
}

async function run({ occurrence, effects, options }: Changes = {}): Promise<RanJob> {
  const flags = { model: fixture('sales-by-column.onnx'), inputs: [fixture('sales.parquet')] };
  const spec = adHocJob({ ...flags, output: dirname(folder), key: ['store', 'product'], field: ['date'] });
  const bound = { occurrence: occurrence === undefined ? null : new Date(occurrence), now: new Date() };
  const result = await runJob({
    spec: bindJob({ ...spec, name: 'weekly' }, bound),
    resume: true,
    force: false,
    effects: { clock: systemClock, log: silentLog, progress: silentProgress, ...effects },
    signal: new AbortController().signal,
    startWorkers: inProcess.start,
    ...options,
  });
  if (result.outcome === 'nothing new') throw new Error('The job takes its whole input');
  return result;
}

/** Does something once, as a run comes to a stage. */
function at(stage: string, act: () => void): Changes {
  let done = false;
  const update: Effects['progress']['update'] = (progress) => {
    if (done || progress.stage !== stage) return;
    done = true;
    act();
  };
  return { effects: { progress: { update } } };
}

/** As another machine that found this process silent. */
function takeOver(): void {
  const claim = JSON.parse(readFileSync(claimPath(locksFolder(folder), 1), 'utf8'));
  writeFileSync(claimPath(locksFolder(folder), 2), JSON.stringify({ ...claim, host: 'elsewhere' }));
}

function onlyRun() {
  const [runId = ''] = readdirSync(runsFolder(folder));
  return runPaths(folder, runId);
}

describe('a run that lost its lock', () => {
  it('before the commit leaves the files alone that its successor may be working with', async () => {
    const lost = at('commit', () => {
      takeOver();
      mkdirSync(onlyRun().temp, { recursive: true });
      writeFileSync(join(onlyRun().temp, 'of-the-successor'), '');
    });
    await expect(run(lost)).rejects.toMatchObject({
      code: 'FENCED',
      message: expect.stringContaining('Nothing was published.'),
    });
    const paths = onlyRun();
    expect(existsSync(paths.failure)).toBe(false);
    expect(existsSync(paths.manifest)).toBe(false);
    expect(existsSync(join(paths.temp, 'of-the-successor'))).toBe(true);
  });

  it('just after it was published says so, and drops nothing', async () => {
    let stolen = false;
    const now = (): Date => {
      if (!stolen && existsSync(join(folder, 'current'))) {
        stolen = true;
        takeOver();
      }
      return new Date();
    };
    const warnings: string[] = [];
    const log = { ...silentLog, warn: (message: string): void => void warnings.push(message) };
    const result = await run({ effects: { clock: { ...systemClock, now }, log } });
    expect(result).toMatchObject({
      outcome: 'computed',
      publishError: null,
      record: { status: 'published' },
    });
    expect(stolen).toBe(true);
    expect(warnings).toEqual([
      expect.stringContaining('took over the job just after this run was published'),
    ]);
    expect(await readCurrent(folder)).toBe(result.record.runId);
  });
});

describe('a part that was removed or cut', () => {
  const harms: readonly (readonly [string, (part: string) => void])[] = [
    ['removed', (part) => rmSync(part)],
    ['cut', (part) => truncateSync(part, 100)],
  ];
  it.each(harms)(
    '%s before the commit: the run fails, and the same command computes it anew',
    async (_, harm) => {
      const harmed = at('commit', () => harm(onlyRun().part(0)));
      await expect(run(harmed)).rejects.toMatchObject({ code: 'PART_DAMAGED', exitCode: 1 });
      expect(await readCurrent(folder)).toBeUndefined();
      const { record } = await run();
      expect(record).toMatchObject({ status: 'published', runId: onlyRun().runId, rowsOut: 7000 });
    },
  );

  it.each(harms)('%s after the commit: neither run nor publish says that all is well', async (_, harm) => {
    const { record } = await run();
    harm(onlyRun().part(0));
    await expect(run()).rejects.toMatchObject({ code: 'PART_DAMAGED' });
    const effects = { clock: systemClock, log: silentLog, progress: silentProgress };
    const place = { job: 'weekly', folderOfJob: folder, storeUrl: null };
    const again = publishEarlier(
      { place, effects, signal: new AbortController().signal, startWorkers: inProcess.start },
      record.runId,
    );
    await expect(again).rejects.toMatchObject({ code: 'PART_DAMAGED' });
  });

  it('with other bytes of the same number is not loaded into a store', async () => {
    const unpublished = { options: { publish: 'unless newer' } } as const;
    await run({ occurrence: '2026-11-21T00:00:00Z' });
    const older = await run({ occurrence: '2026-11-14T00:00:00Z', ...unpublished });
    const part = runPaths(folder, older.record.runId).part(0);
    const bytes = readFileSync(part);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    writeFileSync(part, bytes);
    await expect(run({ occurrence: '2026-11-14T00:00:00Z' })).rejects.toMatchObject({ code: 'PART_DAMAGED' });
    expect(await readCurrent(folder)).not.toBe(older.record.runId);
  });
});

describe('an older occurrence than the one that readers see', () => {
  const unlessNewer = { options: { publish: 'unless newer' } } as const;

  it('is committed and not published, also when it is asked for again, unless somebody means it', async () => {
    const newer = await run({ occurrence: '2026-11-21T00:00:00Z', ...unlessNewer });
    const older = await run({ occurrence: '2026-11-14T00:00:00Z', ...unlessNewer });
    const overtakenBy = '2026-11-21T00:00:00.000Z';
    expect(older).toMatchObject({ outcome: 'computed', overtakenBy, record: { status: 'committed' } });
    const again = await run({ occurrence: '2026-11-14T00:00:00Z', ...unlessNewer });
    expect(again).toMatchObject({
      outcome: 'up to date',
      overtakenBy,
      record: { runId: older.record.runId },
    });
    expect(await readCurrent(folder)).toBe(newer.record.runId);
    const meant = await run({ occurrence: '2026-11-14T00:00:00Z' });
    expect(meant).toMatchObject({ outcome: 'published', overtakenBy: null });
    expect(await readCurrent(folder)).toBe(older.record.runId);
    // What readers see by now is older: nothing keeps the newer one back.
    expect(await run({ occurrence: '2026-11-21T00:00:00Z', ...unlessNewer })).toMatchObject({
      outcome: 'published',
      record: { runId: newer.record.runId },
    });
    expect(await run({ occurrence: '2026-11-14T00:00:00Z', ...unlessNewer })).toMatchObject({
      outcome: 'up to date',
      overtakenBy,
    });
  });
});

describe('a run that cannot be continued', () => {
  it('is left with its reason: it was killed before its plan was written', async () => {
    const left = join(runsFolder(folder), '20261121T000000Z-k3x9');
    for (const name of ['staged', 'tmp']) mkdirSync(join(left, name), { recursive: true });
    writeFileSync(join(left, 'staged/.input.parquet.5-0123456789abcdef.tmp'), 'PAR1');
    const said: string[] = [];
    await run({ effects: { log: { ...silentLog, info: (message) => said.push(message) } } });
    expect(said).toContain(
      'run 20261121T000000Z-k3x9 did not finish and is not continued: it ended before its plan was written',
    );
    // What it had copied of its input is of no use to anybody.
    expect(readdirSync(left)).toEqual([]);
  });
});
