import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cleanEnvironment, REPOSITORY } from '../../test/support/cli.ts';
import { ensureProgram } from '../../test/support/ensure-program.ts';
import { makeProject, type Project } from '../../test/support/project.ts';
import { type RedisServer, startRedis } from '../../test/support/redis-server.ts';

const exec = promisify(execFile);

let redis: RedisServer;
let project: Project;

beforeAll(async () => {
  await ensureProgram({ name: 'strace', debianPackage: 'strace', howTo: 'with "apt-get install strace"' });
  redis = await startRedis();
  project = await makeProject();
  await project.run(['--kv', redis.url]);
});
afterAll(() => redis.stop());

/** Addresses that a command and its children connect or send to, `host:port` each once. */
async function addressesOf(args: readonly string[]): Promise<readonly string[]> {
  const trace = project.path('trace.txt');
  const main = join(REPOSITORY, 'dist/cli/main.js');
  await exec(
    'strace',
    ['-f', '-qq', '-e', 'trace=connect,sendto,sendmsg', '-o', trace, process.execPath, main, ...args],
    { cwd: project.folder, env: cleanEnvironment(), maxBuffer: 2 ** 26 },
  ).catch((error: { code: unknown }) => {
    if (typeof error.code !== 'number') throw error;
  });
  const text = await readFile(trace, 'utf8');
  const found = text.matchAll(/sin6?_port=htons\((\d+)\).*?(?:inet_addr\("|inet_pton\(AF_INET6, ")([^"]+)/g);
  return [...new Set([...found].map(([, port, host]) => `${host}:${port}`))];
}

const kv = (): readonly string[] => ['--kv', redis.url];

it.each<[what: string, args: () => readonly string[]]>([
  ['a run', () => ['run', '--force']],
  ['a dry run', () => ['run', '--dry-run']],
  ['a lookup', () => ['lookup', 'sales', 'store=1', 'product=2']],
  ['inspect', () => ['inspect', 'fixtures/sales.onnx']],
  ['a query', () => ['query', 'SELECT count(*) FROM runs']],
  ['a report', () => ['report', 'sales', '--output', 'out']],
  ['doctor', () => ['doctor']],
])('%s connects to nothing where the store is LMDB', async (_, args) => {
  expect(await addressesOf(args())).toEqual([]);
});

it.each<[what: string, args: () => readonly string[]]>([
  ['a run', () => ['run', '--force', ...kv()]],
  ['a lookup', () => ['lookup', 'sales', 'store=1', 'product=2', ...kv()]],
  ['doctor', () => ['doctor', ...kv()]],
])('%s connects to the Redis that it is given, and to nothing else', async (_, args) => {
  expect(await addressesOf(args())).toEqual([`127.0.0.1:${redis.port}`]);
});
