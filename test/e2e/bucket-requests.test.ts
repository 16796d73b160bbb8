import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStorage } from '../../src/storage/open-storage.ts';
import { type GcsServer, startGcs } from '../support/gcs-server.ts';
import { makeProject, type Project } from '../support/project.ts';
import { BucketOutput } from './bucket.ts';

let gcs: GcsServer;
let project: Project;

beforeAll(async () => {
  gcs = await startGcs(['data']);
  project = await makeProject();
  Object.assign(process.env, gcs.environment, { XDG_CACHE_HOME: project.path('cache') });
  const storage = await openStorage('gs://data');
  for (const name of ['sales.parquet', 'sales.onnx'])
    await storage.put(name, await readFile(project.path('fixtures', name)));
});
afterAll(() => gcs.stop());

const SHARDS = 14;
const RUN = ['sales', '--kv', 'none', '--processes', '1', '--shard-rows', '500'];

/** What a storage charges for. A whole object takes a look before it is read. */
function kindOf(request: string): string {
  if (/^(POST|PUT) \/upload/.test(request)) return 'put';
  if (request.startsWith('DELETE')) return 'delete';
  if (request.includes('alt=media')) return 'get';
  return /\/o\?/.test(request) ? 'list' : 'head';
}

/** How many requests of each kind name what a pattern matches. */
function countOf(requests: readonly string[], names: RegExp): Readonly<Record<string, number>> {
  const kinds = requests.filter((each) => names.test(each)).map(kindOf);
  return Object.fromEntries(
    [...new Set(kinds)].map((kind) => [kind, kinds.filter((each) => each === kind).length]),
  );
}

it('a run with everything in a bucket (of AN EMULATOR OF OUR OWN for GCS) has the bytes of one in a folder, and few requests', async () => {
  const bucket = new BucketOutput('gs://data/out');
  const before = gcs.requests.length;
  const where = ['--input', 'gs://data/sales.parquet', '--model', 'gs://data/sales.onnx'];
  const remote = await project.run([...RUN, ...where, '--output', bucket.address]);
  const requests = gcs.requests.slice(before);
  const local = await project.run([...RUN, '--output', 'local']);
  expect(remote.output.parts).toEqual(local.output.parts);
  expect(await bucket.published()).toMatchObject({ runId: remote.runId });
  // docs/scale.md has these figures. Signs of life, which come with the time, name none of it.
  expect(countOf(requests, /parts%2Fpart-/)).toEqual({ put: SHARDS });
  expect(countOf(requests, /shards%2F\d/)).toEqual({ put: SHARDS, head: 2 * SHARDS });
  expect(countOf(requests, /sales\.parquet/)).toMatchObject({ get: 1, head: 2 * SHARDS + 1 });
  expect(countOf(requests, /sales\.onnx/)).toMatchObject({ get: 1 });
  const again = gcs.requests.length;
  const result = await project.serveBatch(['run', ...RUN, ...where, '--output', bucket.address]);
  expect(result).toMatchObject({ code: 0, stdout: expect.stringContaining('Up to date') });
  expect(countOf(gcs.requests.slice(again), /sales\.(onnx|parquet)/)).toEqual({ head: 2 });
});
