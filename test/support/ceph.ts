import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { ensureProgram } from './ensure-program.ts';
import { freePort } from './redis-server.ts';

const run = promisify(execFile);
const START_TIMEOUT_MS = 90_000;
const ACCESS_KEY = 'serve-batch';
const SECRET_KEY = 'serve-batch-test-key';

/** An S3 of its own: Ceph's gateway over one monitor and one store in memory, on free ports of this machine. */
export interface Ceph {
  readonly port: number;
  /** What a client of it has in its environment. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Makes sure that Ceph's programs are there, as {@link ensureProgram} does. */
export function ensureCeph(): Promise<void> {
  return ensureProgram({
    name: 'radosgw',
    debianPackage: ['radosgw', 'ceph-mon', 'ceph-osd'],
    howTo: 'with "apt-get install radosgw ceph-mon ceph-osd" (Debian, Ubuntu)',
  });
}

/** Up in some three seconds. @param buckets made at once */
export async function startCeph(buckets: readonly string[]): Promise<Ceph> {
  await ensureCeph();
  const folder = await mkdtemp(join(tmpdir(), 'serve-batch-ceph-'));
  const children: ChildProcess[] = [];
  const endAll = (): void => {
    for (const child of children) child.kill('SIGKILL');
  };
  process.once('exit', endAll);
  const stop = async (): Promise<void> => {
    process.off('exit', endAll);
    const running = children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
    const ended = running.map((child) => once(child, 'exit'));
    endAll();
    await Promise.all(ended);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const port = await startDaemons(folder, children);
    const environment = {
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`,
      AWS_ACCESS_KEY_ID: ACCESS_KEY,
      AWS_SECRET_ACCESS_KEY: SECRET_KEY,
      AWS_REGION: 'us-east-1',
    };
    await makeBuckets(environment.AWS_ENDPOINT_URL_S3, buckets);
    return { port, environment, stop };
  } catch (error) {
    const log = await readFile(join(folder, 'client.admin.log'), 'utf8').catch(() => 'no log');
    await stop();
    throw new Error(`Ceph did not start:\n${log.slice(-2_000)}`, { cause: error });
  }
}

async function startDaemons(folder: string, children: ChildProcess[]): Promise<number> {
  const [monitorPort, port] = [await freePort(), await freePort()];
  const cluster = randomUUID();
  const store = randomUUID();
  const monitor = `v2:127.0.0.1:${monitorPort}/0`;
  const path = (name: string): string => join(folder, name);
  await Promise.all([mkdir(path('mon')), mkdir(path('osd'))]);
  await writeFile(path('ceph.conf'), settings(folder, cluster, monitor));
  const ceph = (program: string, ...args: string[]) =>
    run(program, ['-c', path('ceph.conf'), ...args], { timeout: START_TIMEOUT_MS });
  const daemon = (program: string, ...args: string[]): void => {
    children.push(spawn(program, ['-c', path('ceph.conf'), '-f', ...args], { stdio: 'ignore' }));
  };
  await makeKeys(path('keyring'));
  await run('monmaptool', ['--create', '--addv', 'a', `[${monitor}]`, '--fsid', cluster, path('monmap')]);
  await ceph('ceph-mon', '--mkfs', '-i', 'a', '--monmap', path('monmap'), '--keyring', path('keyring'));
  daemon('ceph-mon', '-i', 'a');
  await ceph('ceph', 'osd', 'new', store);
  await ceph('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', store);
  daemon('ceph-osd', '-i', '0');
  daemon('radosgw', '-n', 'client.admin', '--rgw-frontends', `beast endpoint=127.0.0.1:${port}`);
  await untilAnswers(`http://127.0.0.1:${port}/`, children);
  const user = ['--uid', 'test', '--display-name', 'test'];
  const keys = ['--access-key', ACCESS_KEY, '--secret-key', SECRET_KEY];
  await ceph('radosgw-admin', '-n', 'client.admin', 'user', 'create', ...user, ...keys);
  return port;
}

/** Everything in one folder, nothing on disk but the monitor's small database, and nothing waited for. */
function settings(folder: string, cluster: string, monitor: string): string {
  return `[global]
fsid = ${cluster}
mon host = ${monitor}
public addr = 127.0.0.1
ms bind msgr1 = false
ms bind ipv6 = false
run dir = ${folder}
admin socket =
log file = ${folder}/$name.log
keyring = ${folder}/keyring
mon data = ${folder}/mon
osd data = ${folder}/osd
osd objectstore = memstore
memstore device bytes = 1073741824
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
paxos propose interval = 0.05
paxos min wait = 0.01
rgw run sync thread = false
rgw enable gc threads = false
rgw enable lc threads = false
rgw thread pool size = 64
`;
}

/** One file with the keys of all: of the monitor, of the store and of the gateway. */
async function makeKeys(keyring: string): Promise<void> {
  const key = (name: string, ...caps: string[]) =>
    run('ceph-authtool', [keyring, '--gen-key', '-n', name, ...caps]);
  await run('ceph-authtool', ['--create-keyring', keyring]);
  await key('mon.', '--cap', 'mon', 'allow *');
  await key('client.admin', '--cap', 'mon', 'allow *', '--cap', 'osd', 'allow *');
  await key('osd.0', '--cap', 'mon', 'allow profile osd', '--cap', 'osd', 'allow *');
}

async function untilAnswers(url: string, children: readonly ChildProcess[]): Promise<void> {
  const endsAt = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => null);
    if (answer?.ok === true) return;
    const ended = children.find(({ exitCode }) => exitCode !== null);
    if (ended !== undefined) throw new Error(`${ended.spawnfile} ended with ${ended.exitCode}`);
    if (Date.now() > endsAt) throw new Error('the gateway does not answer');
    await sleep(50);
  }
}

async function makeBuckets(endpoint: string, buckets: readonly string[]): Promise<void> {
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: ACCESS_KEY, secretAccessKey: SECRET_KEY },
  });
  for (const Bucket of buckets) await client.send(new CreateBucketCommand({ Bucket }));
  client.destroy();
}
