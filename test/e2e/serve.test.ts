import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { grpcClient } from '../serving/grpc/grpc-client.ts';
import type { RunningCli } from '../support/cli.ts';
import { leftoversIn, until } from '../support/processes.ts';
import { makeProject, type Project } from '../support/project.ts';

/** Starts the built server, and waits until it listens. */
async function startServer(
  project: Project,
  args: readonly string[] = [],
): Promise<{ cli: RunningCli; url: string; stdout: () => string }> {
  const cli = project.start(['serve', '--port', '0', ...args]);
  let stdout = '';
  cli.process.stdout?.on('data', (text: string) => {
    stdout += text;
  });
  const url = await until(() => /Listening on (\S+)/.exec(stdout)?.[1]);
  return { cli, url, stdout: () => stdout };
}

describe('serve', () => {
  it('answers for the jobs of a project, takes over new ones, and ends in order', async () => {
    const project = await makeProject();
    const run = await project.run(['sales']);
    const { cli, url, stdout } = await startServer(project, ['--grpc-port', '0']);
    const grpc = await grpcClient(/(\S+) for gRPC\n/.exec(stdout())?.[1] ?? '');
    expect((await grpc.call('ModelReady', { name: 'sales' })).response).toEqual({ ready: true });
    expect(stdout()).toContain('  sales\n');
    const get = async (path: string) => {
      const response = await fetch(`${url}${path}`);
      // biome-ignore lint/suspicious/noExplicitAny: tests compare what they expect
      return { status: response.status, json: (await response.json()) as any };
    };
    const path = '/v1/jobs/sales/predictions?store=1&product=2&date=2026-11-21';
    expect((await get(path)).json).toMatchObject({ value: 14.964146, run: run.runId });
    // Told by a child process, which reads the parts.
    await expect
      .poll(async () => (await get(path.replace('product=2', 'product=777777'))).json.error.unknown, {
        timeout: 30_000,
      })
      .toEqual(['product']);

    const job = 'model: fixtures/sales.onnx\ninput: fixtures/sales.parquet\nkv: {key: "{store}"}\n';
    await project.write('jobs/new-one.yaml', job);
    await project.write('jobs/sales.yaml', 'this is: [no job\n');
    await expect.poll(async () => (await get('/v1/jobs/new-one')).status, { timeout: 30_000 }).toBe(200);
    // Its file is broken: it is served as before.
    expect((await get(path)).json.value).toBe(14.964146);
    expect(cli.stderr()).toContain('served as before');
    // It looks at its files, and goes on.
    cli.process.kill('SIGHUP');

    // A request that has begun is answered, though the server was told to end.
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
    });
    socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n`);
    await get('/healthz');
    cli.process.kill('SIGTERM');
    // It has heard of the signal once it takes no new connections.
    const isUp = () =>
      fetch(`${url}/healthz`).then(
        () => true,
        () => false,
      );
    await expect.poll(isUp, { timeout: 30_000 }).toBe(false);
    socket.write('\r\n');
    expect(await cli.result).toMatchObject({ code: 0 });
    expect(answer).toMatch(/^HTTP\/1.1 200 OK/);
    expect(answer.toLowerCase()).toContain('connection: close');
    expect(await leftoversIn(project.folder)).toEqual([]);
  });
});

describe('serve beyond this machine', () => {
  it('wants tokens, certificates of clients, or to be told that none are wanted', async () => {
    const project = await makeProject();
    const { code, stderr } = await project.serveBatch(['serve', '--host', '0.0.0.0', '--port', '0']);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('--token-file') });
    await project.write('tokens.txt', 'short\n');
    const short = await project.serveBatch(['serve', '--token-file', 'tokens.txt']);
    expect({ code: short.code, stderr: short.stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining('Token 1 of tokens.txt'),
    });
    const noJob = await project.serveBatch(['serve', 'nothing', '--port', '0']);
    expect(noJob).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no job "nothing"') });
    const noStore = await project.serveBatch(['serve', 'incoming', '--port', '0']);
    expect(noStore).toMatchObject({ code: 2, stderr: expect.stringContaining('no key-value store') });
  });
});
