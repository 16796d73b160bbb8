import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keySide } from '../../src/kv/canary.ts';
import { openStore } from '../../src/kv/open-store.ts';
import { createLookup } from '../../src/lookup/lookup.ts';
import { makeProject, type Project } from '../support/project.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';

const jobOf = (url: string, layout = 'hash'): string => `name: sales
input: fixtures/sales.parquet
model: fixtures/sales-by-column.onnx
kv: {url: "${url}", key: "{store}:{product}", field: "{date}", layout: ${layout}}
`;
const PRODUCTS = Array.from({ length: 40 }, (_, index) => index + 1);
const list = PRODUCTS.map((product) => ({ store: 1, product, date: '2026-11-21' }));

/** Reads all the time; returns what was wrong: an answer that is not of the run that its key is of. */
function readAlways(url: string): { stop(): Promise<readonly string[]>; readonly seen: ReadonlySet<string> } {
  const reader = createLookup({ job: 'sales', url, refreshMs: 1 });
  const wrong: string[] = [];
  const seen = new Set<string>();
  let isOver = false;
  const reading = (async () => {
    for (; !isOver; await pause(5)) {
      const found = await reader.getMany(list);
      const note = found[0]?.canary;
      seen.add(note === undefined ? `${found[0]?.run}` : `${note.published}+${note.canary}@${note.share}`);
      for (const [index, each] of found.entries()) {
        const side = note && keySide(`1:${PRODUCTS[index]}`, note.share);
        if (each?.run !== (note === undefined ? found[0]?.run : note[side ?? 'published']))
          wrong.push(JSON.stringify(each));
      }
    }
    await reader.close();
  })();
  return {
    seen,
    stop: async () => {
      isOver = true;
      await reading;
      return wrong;
    },
  };
}

describe.each([
  ['LMDB', 'hash'],
  ['Redis', 'hash'],
  ['Redis', 'packed'],
])('a canary in %s, %s', (kind, layout) => {
  let redis: RedisServer | undefined;
  let url: string;
  let project: Project;
  let published: string;
  let candidate: string;

  beforeAll(async () => {
    if (kind === 'Redis') redis = await startRedis();
    project = await makeProject({ jobs: {} });
    url = redis?.url ?? `lmdb:${project.path('kv')}`;
    await project.write('jobs/sales.yaml', jobOf(url, layout));
    published = (await project.run(['sales'])).runId;
    candidate = (await project.run(['sales', '--no-publish'])).runId;
  });
  afterAll(() => redis?.stop());

  const ask = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await project.serveBatch(args);
    return code === 0 ? stdout : `${code}: ${stderr}`;
  };
  const statusOf = async (runId: string): Promise<string> =>
    (await ask('runs', 'ls')).split('\n').find((line) => line.startsWith(runId)) ?? '';

  it('starts, grows, is taken back, and is promoted under readers: no mixed answer', async () => {
    const readers = [readAlways(url), readAlways(url)];
    const started = await ask('publish', candidate, '--canary', '5%');
    expect(started).toContain(`It answers for 5% of the keys; run ${published} for the others.`);
    expect(await statusOf(candidate)).toContain('candidate, canary 5%');
    expect(await statusOf(published)).toContain('published');
    expect(await ask('publish', candidate, '--canary', '0.5')).toContain('50% of the keys');
    const [side] = PRODUCTS.filter((product) => keySide(`1:${product}`, 0.5) === 'canary');
    const looked = await ask('lookup', 'sales', 'store=1', `product=${side}`, 'date=2026-11-21');
    expect(looked).toContain(`from run ${candidate}`);
    expect(looked).toContain(`It is the canary, for 50% of the keys; the others get run ${published}.`);
    expect(await ask('rollback', 'sales')).toContain(`Ended the canary of run ${candidate}`);
    expect(await statusOf(candidate)).toContain('rolled back');
    expect(await statusOf(published)).toContain('published');
    expect(await ask('rollback', 'sales')).toContain('has published only run');
    expect(await ask('publish', candidate, '--canary', '20%')).toContain('20% of the keys');
    expect(await ask('promote', 'sales')).toContain(`Promoted run ${candidate}`);
    expect((await project.published())?.runId).toBe(candidate);
    expect(await ask('promote', 'sales')).toMatch(/^4: .*has no canary/);
    const wrong = await Promise.all(readers.map((reader) => reader.stop()));
    expect(wrong.flat()).toEqual([]);
    expect(readers[0]?.seen.size).toBeGreaterThan(2);
  });

  it('stays while others are dropped, and ends with the next run', async () => {
    expect(await ask('publish', published, '--canary', '5%')).toContain('It answers for 5%');
    expect(await ask('runs', 'prune', '--job', 'sales', '--keep', '1', '--store')).toContain(
      'Deleted 0 runs',
    );
    const store = openStore({ url, job: 'sales' });
    expect(await store.shown()).toMatchObject({ generation: candidate, canary: { generation: published } });
    // The same run again leaves it as it is.
    expect(await ask('run', 'sales')).toContain('Up to date');
    const { runId } = await project.run(['sales', '--force']);
    expect(await store.shown()).toEqual({ generation: runId, canary: null });
    await store.close();
    expect(await statusOf(published)).not.toContain('canary');
  });
});

describe('what cannot be a canary', () => {
  let project: Project;
  beforeAll(async () => {
    project = await makeProject({ jobs: {} });
    await project.write('jobs/sales.yaml', jobOf(`lmdb:${project.path('kv')}`));
  });
  const refused = async (runId: string, share = '5%'): Promise<readonly [number | null, string]> => {
    const { code, stderr } = await project.serveBatch(['publish', runId, '--canary', share]);
    return [code, stderr];
  };

  it('a run beside nothing, the published run, a run with another key, and all of the keys', async () => {
    const first = await project.run(['sales', '--no-publish']);
    expect(await refused(first.runId)).toEqual([4, expect.stringContaining('has published nothing yet')]);
    const { runId } = await project.run(['sales']);
    expect(await refused(runId)).toEqual([2, expect.stringContaining('it is the published run')]);
    const other = await project.run(['sales', '--no-publish', '--key', 'product,store']);
    expect(await refused(other.runId)).toEqual([2, expect.stringContaining('kv.key is')]);
    const none = await project.run(['sales', '--no-publish', '--kv', 'none']);
    expect(await refused(none.runId)).toEqual([2, expect.stringContaining('it has no store')]);
    for (const share of ['100%', '0', '5', 'some'])
      expect(await refused(first.runId, share)).toEqual([2, expect.stringContaining('such as 5% or 0.05')]);
    expect((await project.published())?.runId).toBe(runId);
  });
});
