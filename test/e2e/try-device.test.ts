import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { REPOSITORY } from '../support/cli.ts';
import { replaceEnvironment } from '../support/environment.ts';
import { NO_GPU } from '../support/software-gpu.ts';

/** The built one: it starts a program that lies beside it. */
const { tryDevice }: typeof import('../../src/devices/try-device.ts') = await import(
  pathToFileURL(join(REPOSITORY, 'dist/devices/try-device.js')).href
);

const REQUEST = { device: 'webgpu', options: {}, model: null } as const;
const signal = new AbortController().signal;

/** What the processes that are started from here on do before anything else. */
function makeProcesses(does: string): void {
  setEnvironment({ NODE_OPTIONS: `--import "data:text/javascript,${does}"` });
}

function setEnvironment(variables: Readonly<Record<string, string>>): void {
  const before = { ...process.env };
  Object.assign(process.env, variables);
  onTestFinished(() => replaceEnvironment(before));
}

it('a provider that crashes its process is an answer', async () => {
  makeProcesses("process.kill(process.pid,'SIGSEGV')");
  expect(await tryDevice(REQUEST, { signal })).toEqual({
    state: 'failed',
    why: 'the process that tried it ended by SIGSEGV: its driver or provider crashed',
  });
});

it('a driver that hangs is an answer', async () => {
  makeProcesses('while(1);');
  expect(await tryDevice(REQUEST, { signal, timeoutMs: 300 })).toEqual({
    state: 'failed',
    why: 'the process that tried it gave no answer in 0.3 s',
  });
});

it('what ONNX Runtime says is an answer, with the library that it only writes about', async () => {
  setEnvironment(NO_GPU);
  makeProcesses("process.stderr.write('libfirst.so.9: cannot open shared object file')");
  expect(await tryDevice(REQUEST, { signal })).toEqual({
    state: 'failed',
    why: expect.stringMatching(
      /^ONNX Runtime cannot load the test network on webgpu: .+ \(missing: libfirst\.so\.9/,
    ),
  });
});

it('a signal ends it', async () => {
  const abort = new AbortController();
  makeProcesses('while(1);');
  const tried = tryDevice(REQUEST, { signal: abort.signal });
  abort.abort(new Error('enough'));
  await expect(tried).rejects.toThrow('enough');
});
