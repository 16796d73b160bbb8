import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { adHocJob } from '../../../src/config/override-job.ts';
import { folderOfJob } from '../../../src/jobs/plan/locations.ts';
import { compareStore } from '../../../src/jobs/publish/store-state.ts';
import { runPaths } from '../../../src/runs/layout.ts';
import { writePlan } from '../../../src/runs/plan/plan-file.ts';
import { markPublished, setCurrent } from '../../../src/runs/publication.ts';
import { fixedClock, samplePlan, temporaryFolder } from '../../runs/sample-run.ts';

const CLOCK = fixedClock('2026-11-22T00:00:00Z');
const EARLIER = '20261120T000000Z-aaaa';
const PUBLISHED = '20261121T000000Z-bbbb';
const LATER = '20261121T120000Z-cccc';

/** A job that has published two runs, with a store that shows the second one. */
async function publishedJob(ttlSeconds: number | null = null) {
  const root = await temporaryFolder();
  const made = adHocJob({ model: 'sales.onnx', output: root, key: ['store'], kv: `lmdb:${root}/kv` });
  const spec = { ...made, name: 'sales' };
  const folder = folderOfJob(spec);
  const kv = samplePlan().kv;
  if (kv === null) throw new Error('the sample has a store');
  for (const [token, runId] of [EARLIER, PUBLISHED, LATER].entries()) {
    const paths = runPaths(folder, runId);
    await writePlan(paths, samplePlan({ runId, kv: { ...kv, ttlSeconds } }));
    if (runId !== LATER) await markPublished(paths, { at: new Date('2026-11-21T00:00:00Z'), token });
  }
  await setCurrent(folder, PUBLISHED);
  const show = async (generation: string, isThere = true): Promise<void> => {
    await mkdir(join(root, 'kv'), { recursive: true });
    const fence = { lineage: 'l', token: 1 };
    await writeFile(join(root, 'kv/sales.current'), JSON.stringify({ generation, fence }));
    if (isThere) await writeFile(join(root, `kv/sales.${generation}.lmdb`), '');
  };
  await show(PUBLISHED);
  return { spec, root, show };
}

describe('compareStore', () => {
  it('a store that shows the published run is the same, and so is no store', async () => {
    const { spec } = await publishedJob();
    expect(await compareStore(spec, CLOCK)).toEqual({ kind: 'same' });
    expect(await compareStore({ ...spec, kv: null }, CLOCK)).toEqual({ kind: 'same' });
    expect(await compareStore({ ...spec, name: 'never-run' }, CLOCK)).toEqual({ kind: 'same' });
  });

  it('its folder is gone: lost', async () => {
    const { spec, root } = await publishedJob();
    await rm(join(root, 'kv'), { recursive: true });
    expect(await compareStore(spec, CLOCK)).toEqual({ kind: 'lost', published: PUBLISHED, held: null });
  });

  it('the pointer names a generation that is gone: lost', async () => {
    const { spec, root } = await publishedJob();
    await rm(join(root, `kv/sales.${PUBLISHED}.lmdb`));
    expect(await compareStore(spec, CLOCK)).toMatchObject({ kind: 'lost', held: null });
  });

  it('it was restored from a copy, and shows the run before: lost', async () => {
    const { spec, show } = await publishedJob();
    await show(EARLIER);
    expect(await compareStore(spec, CLOCK)).toMatchObject({ kind: 'lost', held: EARLIER });
  });

  it.each([
    ['that this folder does not have', '20261101T000000Z-zzzz', 'does not have that run'],
    ['that a command did not finish publishing', LATER, `serve-batch publish ${LATER}`],
  ])('it shows a run %s: foreign', async (_, held, why) => {
    const { spec, show } = await publishedJob();
    await show(held);
    const published = PUBLISHED;
    expect(await compareStore(spec, CLOCK)).toEqual({
      ...{ kind: 'foreign', published, held },
      why: expect.stringContaining(why),
    });
  });

  it.each([
    [3600, 'same'],
    [86_400 * 2, 'lost'],
  ])('with kv.ttl of %i s, a day later and empty: %s', async (ttlSeconds, kind) => {
    const { spec, root } = await publishedJob(ttlSeconds);
    await rm(join(root, 'kv'), { recursive: true });
    expect(await compareStore(spec, CLOCK)).toMatchObject({ kind });
  });
});
