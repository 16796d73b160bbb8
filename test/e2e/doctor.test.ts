import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Check, CheckGroup } from '../../src/cli/doctor/check.ts';
import type { CliResult } from '../support/cli.ts';
import { makeProject, type Project } from '../support/project.ts';
import { type RedisServer, type RedisServerOptions, startRedis } from '../support/redis-server.ts';
import { ensureSoftwareGpu, HAS_VULKAN_BUILD, NO_GPU, SOFTWARE_GPU } from '../support/software-gpu.ts';

const JOB = 'model: fixtures/sales.onnx\ninput: fixtures/sales.parquet\n';
const STORED = `${JOB}kv: {url: "\${STORE_URL}", key: "{store}:{product}", field: "{date}"}\n`;

const servers: RedisServer[] = [];
afterAll(async () => {
  for (const server of servers) await server.stop();
});
async function redis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const server = await startRedis(options);
  servers.push(server);
  return server;
}

async function doctor(project: Project, args: readonly string[] = [], env: Record<string, string> = {}) {
  return readDoctor(await project.serveBatch(['doctor', '--json', ...args], { env }));
}

/** For variables that only the start of a process reads. */
async function doctorInOwnProcess(project: Project, env: Record<string, string>) {
  return readDoctor(await project.inOwnProcess(['doctor', '--json'], { env }));
}

function readDoctor(result: CliResult) {
  const { exitCode, groups } = JSON.parse(result.stdout) as { exitCode: number; groups: CheckGroup[] };
  expect(exitCode).toBe(result.code);
  const checks = (group: string): readonly Check[] => groups.find(({ name }) => name === group)?.checks ?? [];
  return { ...result, groups, checks, fails: groups.flatMap((group) => group.checks.filter(isFail)) };
}

const isFail = ({ mark }: Check): boolean => mark === 'fail';
const lines = (checks: readonly Check[]): string[] => checks.map(({ mark, text }) => `${mark}: ${text}`);

describe('a project where everything works', () => {
  let project: Project;
  let text: CliResult;
  beforeAll(async () => {
    project = await makeProject();
    text = await project.serveBatch(['doctor']);
  });

  it('ends with 0, says so for each part, and has no colours where nobody looks', async () => {
    expect(text).toMatchObject({ code: 0, stderr: '' });
    for (const group of ['Machine', 'Disk', 'Store', 'Jobs', 'Versions', 'Devices'])
      expect(text.stdout).toMatch(new RegExp(`^${group}$`, 'm'));
    expect(text.stdout).toMatch(/^ {2}ok {4}jobs\/sales\.yaml +"sales", the default job, with sales\.onnx$/m);
    expect(text.stdout).not.toContain('FAIL');
    expect(text.stdout).not.toContain('\x1b');
  });

  it('leaves nothing behind', async () => {
    expect((await readdir(project.folder)).sort()).toEqual(['fixtures', 'jobs']);
  });

  it('tells programs the same', async () => {
    const { code, checks } = await doctor(project);
    expect(code).toBe(0);
    expect(checks('Machine')[0]).toMatchObject({ name: 'cores', facts: { cpus: expect.any(Number) } });
    expect(checks('Disk')[0]?.facts).toMatchObject({ writable: true, isExclusive: true, hasHardLinks: true });
    expect(checks('Versions').map(({ name }) => name)).toEqual([
      'serve-batch',
      'Node',
      'platform',
      'DuckDB',
      'ONNX Runtime',
      'lmdb',
      'tree engine',
    ]);
  });

  it('says what the embedded store holds, and whether that is there', async () => {
    const { runId } = await project.run([]);
    const before = await doctor(project);
    expect(lines(before.checks('Store'))).toContain(`ok: holds ${runId} of "sales"`);
    expect(before.checks('Jobs')).toContainEqual(
      expect.objectContaining({
        text: expect.stringContaining('computed by trees 2'),
        facts: expect.objectContaining({ engine: 'trees' }),
      }),
    );
    const kv = await readdir(project.path('out/sales/kv'));
    await project.serveBatch(['doctor']);
    expect(await readdir(project.path('out/sales/kv'))).toEqual(kv);
  });

  it('without jobs there is nothing to fail', async () => {
    const { code, checks } = await doctor(await makeProject({ jobs: {} }));
    expect(code).toBe(0);
    expect(lines(checks('Jobs'))).toEqual(['info: no job files: flags make a job']);
    expect(checks('Disk')[0]?.name).toBe('output out');
  });
});

describe('a Redis', () => {
  let project: Project;
  beforeAll(async () => {
    project = await makeProject({ jobs: { week: STORED } });
  });

  it('of a job is found there, and is described', async () => {
    const server = await redis({ password: 'correct horse', args: ['--maxmemory', '64mb'] });
    const { code, checks, stdout } = await doctor(project, [], { STORE_URL: server.url });
    expect(code).toBe(0);
    const found = lines(checks('Store'));
    expect(found[0]).toMatch(/^ok: answers, and takes writes in [\d.]+ ms$/);
    expect(found).toContain('info: no TLS, on this machine');
    expect(found).toContainEqual(expect.stringMatching(/^ok: Redis \d/));
    expect(found).toContainEqual(expect.stringMatching(/^ok: maxmemory 67\.1 MB/));
    expect(found).toContain('ok: maxmemory-policy noeviction');
    expect(found).toContainEqual(expect.stringMatching(/^info: saves nothing/));
    expect(stdout).not.toContain('correct horse');
  });

  it('with TLS', async () => {
    const server = await redis({ tls: true });
    const { code, checks } = await doctor(project, ['--kv', server.url], { STORE_URL: 'redis://nowhere' });
    expect(code).toBe(0);
    expect(lines(checks('Store'))).toContain('ok: TLS');
  });

  it('that is away: 7, and what to do', async () => {
    const server = await redis();
    await server.kill();
    const { code, stderr, fails } = await doctor(project, ['--kv', server.url], { STORE_URL: server.url });
    expect(code).toBe(7);
    expect(fails).toMatchObject([{ code: 'STORE_UNAVAILABLE' }]);
    expect(stderr).toMatch(/^error: doctor: .*does not answer.*Check that it runs/);
  });

  it('that takes the connection and never answers: 7, after some seconds', async () => {
    const silent = await silentServer();
    try {
      const url = `redis://:s3cret-word@127.0.0.1:${silent.port}`;
      const { code, fails, stdout, stderr } = await doctor(project, ['--kv', url], { STORE_URL: url });
      expect(code).toBe(7);
      expect(fails).toMatchObject([{ code: 'STORE_UNAVAILABLE' }]);
      expect(stdout + stderr).not.toContain('s3cret-word');
    } finally {
      silent.stop();
    }
  });

  it('that wants another password: 7, and neither is shown', async () => {
    const { port } = await redis({ password: 'correct horse' });
    const url = `redis://:wr0ng-guess@127.0.0.1:${port}`;
    for (const args of [
      ['--kv', url],
      ['--kv', url, '--debug'],
    ]) {
      const { code, fails, stdout, stderr } = await doctor(project, args, { STORE_URL: url });
      expect(code).toBe(7);
      expect(fails).toMatchObject([{ code: 'STORE_REFUSED' }]);
      expect(stderr).toContain('Check user name and password');
      expect(stdout + stderr).not.toContain('wr0ng-guess');
    }
  });

  it('that may drop keys is warned of', async () => {
    const server = await redis({ args: ['--maxmemory', '64mb', '--maxmemory-policy', 'allkeys-lru'] });
    const { code, checks } = await doctor(project, ['--kv', server.url], { STORE_URL: server.url });
    expect(code).toBe(0);
    const [warning] = checks('Store').filter(({ mark }) => mark === 'warn');
    expect(warning?.text).toMatch(/^maxmemory-policy allkeys-lru.*Set noeviction$/);
  });

  it('whose user may write the keys of the job alone: what it does not say is unknown', async () => {
    const server = await redis();
    await server.cli('ACL', 'SETUSER', 'loader', 'on', '>loader-pw', '~week:*', '+@all', '-info', '-config');
    const url = `redis://loader:loader-pw@127.0.0.1:${server.port}`;
    const { code, checks } = await doctor(project, [], { STORE_URL: url });
    expect(code).toBe(0);
    expect(lines(checks('Store'))).toContainEqual(expect.stringMatching(/^info: this user may not ask INFO/));
    await server.cli('ACL', 'SETUSER', 'loader', 'resetkeys', '~other:*');
    expect((await doctor(project, [], { STORE_URL: url })).fails).toMatchObject([{ code: 'STORE_REFUSED' }]);
  });

  it('of no known kind is a mistake of usage', async () => {
    expect((await doctor(project, ['--kv', 'memcached://x'], { STORE_URL: 'redis://x' })).code).toBe(2);
  });
});

describe.skipIf(!HAS_VULKAN_BUILD)('devices', () => {
  beforeAll(ensureSoftwareGpu);

  it('each is tried: WebGPU on a software driver answers, and auto leaves it alone', async () => {
    const project = await makeProject({ jobs: { week: JOB } });
    const { code, checks } = await doctorInOwnProcess(project, SOFTWARE_GPU);
    expect(code).toBe(0);
    expect(checks('Devices').map(({ name }) => name)).toEqual(['cpu', 'cuda', 'tensorrt', 'webgpu']);
    expect(lines(checks('Devices'))[3]).toMatch(
      /^info: answers as the CPU does on SwiftShader.*auto leaves it/,
    );
  });

  it('one that a job names, and that is not there: 3, and how it is installed', async () => {
    const project = await makeProject({ jobs: { week: `${JOB}execution: {device: webgpu}\n` } });
    const { code, fails } = await doctorInOwnProcess(project, NO_GPU);
    expect(code).toBe(3);
    expect(fails).toMatchObject([{ name: 'webgpu', code: 'DEVICE_UNAVAILABLE' }]);
    expect(fails[0]?.text).toMatch(/^wanted by week.*no Vulkan driver.*apt-get install/);
  });
});

describe('job files', () => {
  it('with a mistake have a line each, beside those without: 2', async () => {
    const project = await makeProject({
      jobs: { good: JOB, broken: `${JOB}inptu: x\nkeyy: y\n`, yaml: 'model: [', unset: STORED },
    });
    const { code, checks, stderr } = await doctor(project);
    expect(code).toBe(2);
    const byName = Object.fromEntries(checks('Jobs').map((check) => [check.name, check]));
    expect(byName['jobs/good.yaml']?.mark).toBe('ok');
    expect(byName['jobs/broken.yaml']?.text).toMatch(/^jobs\/broken\.yaml:3:1 .*inptu.*\(and 1 more/);
    expect(byName['jobs/yaml.yaml']?.text).toMatch(/^jobs\/yaml\.yaml:1:/);
    expect(byName['jobs/unset.yaml']?.text).toContain('STORE_URL');
    for (const { text } of checks('Jobs')) expect(text).not.toContain('\n');
    expect(stderr).toMatch(/^error: doctor: jobs\/broken\.yaml:3:1 .*\(and 2 more\)\n$/);
  });

  it('without their model: 3', async () => {
    const project = await makeProject({ jobs: { week: JOB.replace('sales.onnx', 'gone.onnx') } });
    const { code, fails } = await doctor(project);
    expect(code).toBe(3);
    expect(fails).toMatchObject([{ code: 'MODEL_NOT_FOUND', facts: { job: 'week' } }]);
  });
});

describe('the output folder', () => {
  it('below a file: 1', async () => {
    const project = await makeProject({ jobs: { week: JOB } });
    await writeFile(project.path('file'), '');
    const { code, fails } = await doctor(project, ['--output', 'file/out']);
    expect(code).toBe(1);
    expect(fails).toMatchObject([{ name: 'output file/out', code: 'OUTPUT_UNWRITABLE' }]);
  });

  it('where not even root may write: 1, by --output and by a job', async () => {
    const project = await makeProject({ jobs: { week: `${JOB}output: /proc/out\nkv: {key: "{store}"}\n` } });
    const { code, fails } = await doctor(project);
    expect(code).toBe(1);
    // Of the store in the output folder it is not the store's fault.
    expect(fails).toMatchObject([
      { name: 'output /proc/out', code: 'OUTPUT_UNWRITABLE', facts: { writable: false } },
      { name: 'lmdb:/proc/out/week/kv', code: 'OUTPUT_UNWRITABLE' },
    ]);
    expect((await doctor(project, ['--output', 'out'])).code).toBe(0);
    expect((await doctor(project, ['--output', 'out', '--kv', 'lmdb:/proc/kv'])).code).toBe(7);
  });

  it('a temporary folder that is not there is only warned of', async () => {
    const project = await makeProject({ jobs: { week: JOB } });
    const { code, checks } = await doctorInOwnProcess(project, { TMPDIR: project.path('none') });
    expect(code).toBe(0);
    const [warning] = checks('Disk').filter(({ mark }) => mark === 'warn');
    expect(warning?.text).toContain('set TMPDIR');
  });
});

/** Accepts connections and says nothing on them. */
async function silentServer(): Promise<{ readonly port: number; stop(): void }> {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
