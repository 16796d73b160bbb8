import { expect, it } from 'vitest';
import { expiryOf } from '../../../src/jobs/publish/expiry.ts';
import { runPaths } from '../../../src/runs/layout.ts';
import { writePlan } from '../../../src/runs/plan/plan-file.ts';
import { markPublished } from '../../../src/runs/publication.ts';
import { samplePlan, temporaryFolder } from '../../runs/sample-run.ts';

const PLANNED = Date.parse(samplePlan().createdAt);
const after = (seconds: number): Date => new Date(PLANNED + seconds * 1000);

async function published(ttlSeconds: number | null) {
  const { kv } = samplePlan();
  if (kv === null) throw new Error('the sample has no store');
  const plan = samplePlan({ kv: { ...kv, ttlSeconds } });
  const paths = runPaths(await temporaryFolder(), plan.runId);
  await writePlan(paths, plan);
  await markPublished(paths, { at: after(600), token: 1, lineage: 'a' });
  return paths;
}

it('values have expired for sure once the last that was loaded has', async () => {
  const paths = await published(7200);
  expect(await expiryOf(paths, after(7199))).toBeNull();
  const ttl = { ttl: '2h', publishedAt: after(600).toISOString() };
  expect(await expiryOf(paths, after(7500))).toEqual({ ...ttl, isOver: false });
  expect(await expiryOf(paths, after(7900))).toEqual({ ...ttl, isOver: true });
});

it('values without kv.ttl never expire', async () => {
  expect(await expiryOf(await published(null), after(1e9))).toBeNull();
});
