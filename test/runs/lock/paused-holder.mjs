// A process that takes a job's lock, loads a generation and publishes it, and waits for word from its parent at
// one of its steps. It answers with what became of it: `done`, or the code of an error.
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** So many that they are not all sent at the end. */
const KEYS = 10_000;

const [dist, folderOfJob, storeUrl, generation, step] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(join(dist, path)).href);
const { acquireLock } = await load('runs/lock/lock.js');
const { systemClock } = await load('core/effects.js');
const { openStore } = await load('kv/open-store.js');
const { setCurrent } = await load('runs/publication.js');

const lock = await acquireLock(folderOfJob, { clock: systemClock });
const fence = { lineage: lock.lineage, token: lock.token };
const store = openStore({ url: storeUrl, job: 'sales' });
const info = {
  runId: generation,
  createdAt: '',
  model: '',
  modelSha256: '',
  key: '{a}',
  field: null,
  values: [],
};

async function waitAt(here) {
  if (here !== step) return;
  const word = once(process, 'message');
  process.send('here');
  await word;
}

/** Older values of a generation whose newer ones its successor loads: with a pause among them. */
async function* olderValues() {
  const { KvBatchBuilder } = await load('sinks/kv/kv-batch-builder.js');
  for (const half of ['first', 'second']) {
    const builder = new KvBatchBuilder(KEYS, true);
    for (let key = 0; key < KEYS; key++) {
      builder.endKey(builder.bytes.text(`${half}${key}`));
      builder.endRow(builder.bytes.text('f'), builder.bytes.text('older'));
    }
    yield builder.batch();
    if (half === 'first') await waitAt('load');
  }
}

async function publish() {
  await store.claim(fence);
  if (step === 'load') {
    const { signal } = new AbortController();
    const shard = { generation, layout: 'hash', shard: 0, ttlSeconds: null };
    await store.stage({ ...shard, batches: olderValues, fence, signal });
  }
  await store.describe(generation, { ...info, valueKind: 'number' }, fence);
  await waitAt('flip');
  await store.publish(generation, fence);
  await waitAt('drop');
  if (step === 'drop')
    for (const each of await store.generations()) if (each !== generation) await store.drop(each, fence);
  const replace = (path, content) => {
    if (step !== 'current') return lock.replaceFile(path, content);
    return replaceAfterPause(path, content);
  };
  await setCurrent(folderOfJob, generation, { token: lock.token, replace });
}

/** As `lock.replaceFile`, with the pause just before the last rename: the last instant there is. */
async function replaceAfterPause(path, content) {
  const { replaceFromHeldFolder } = await load('runs/lock/held-folder.js');
  const claim = join(folderOfJob, 'locks', `${String(lock.token).padStart(8, '0')}.json`);
  await lock.assertHeld();
  await waitAt('current');
  await replaceFromHeldFolder(claim, path, content).catch((error) => {
    throw error.code === 'ENOENT' ? Object.assign(error, { code: 'FENCED' }) : error;
  });
}

try {
  await publish();
  process.send('done');
} catch (error) {
  process.send(error.code ?? String(error));
}
process.disconnect();
