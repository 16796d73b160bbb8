// A process that takes a job's lock, loads a generation and publishes it, and waits for word from its parent at
// one of its steps. It answers with what became of it: `done`, or the code of an error.
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

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

async function publish() {
  await store.claim(fence);
  await store.describe(generation, { ...info, valueKind: 'number' });
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
