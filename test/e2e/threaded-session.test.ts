import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { REPOSITORY } from '../support/cli.ts';
import { networkGraph } from '../support/networks.ts';
import { writeOnnx } from '../support/onnx.ts';
import { temporaryFolder } from '../support/project.ts';

/** The built one: its thread is a file that lies beside it. */
const { ThreadedSession }: typeof import('../../src/inference/threaded-session.ts') = await import(
  pathToFileURL(join(REPOSITORY, 'dist/inference/threaded-session.js')).href
);

/** The thread is the same for every device: here the CPU stands for one. */
const OPTIONS = { threads: 1, device: { name: 'cpu', options: {} } } as const;

async function openNetwork(layers: readonly number[]) {
  const path = await writeOnnx(join(await temporaryFolder(), 'm.onnx'), networkGraph(layers));
  const session = await ThreadedSession.open(path, OPTIONS);
  onTestFinished(() => session.close());
  return session;
}

const rows = (count: number, width: number, data = new Float32Array(count * width).fill(0.5)) =>
  new Map([['x', { data, dims: [count, width] }]]);

it('answers as the model does, and knows what it takes', async () => {
  const session = await openNetwork([2, 3, 1]);
  expect(session.signature.inputs).toEqual([{ name: 'x', elementType: 'float32', shape: ['rows', 2] }]);
  const y = (await session.run(rows(4, 2), ['y'])).get('y');
  expect(y?.dims).toEqual([4, 1]);
  expect(new Set(y?.data as Float32Array).size).toBe(1);
});

it('takes the rows alone, and leaves the buffer behind them to the caller', async () => {
  const session = await openNetwork([2, 3, 1]);
  const buffer = Float32Array.from({ length: 100 }, (_, index) => index / 100);
  const view = buffer.subarray(10, 14);
  const some = await session.run(rows(2, 2, view), ['y']);
  const alone = await session.run(rows(2, 2, Float32Array.from(view)), ['y']);
  expect(some).toEqual(alone);
  expect(buffer[99]).toBeCloseTo(0.99);
});

it('computes while its caller does something else', async () => {
  const session = await openNetwork([64, 1024, 1024, 1]);
  let turns = 0;
  let isDone = false;
  const answer = session.run(rows(2048, 64), ['y']).finally(() => {
    isDone = true;
  });
  while (!isDone) {
    turns++;
    await new Promise((resolve) => setImmediate(resolve));
  }
  await answer;
  // Where the call blocks its caller, there are two or three.
  expect(turns).toBeGreaterThan(20);
});

it('a call that fails says why, and the next one is answered', async () => {
  const session = await openNetwork([2, 3, 1]);
  await expect(session.run(rows(4, 3), ['y'])).rejects.toThrow(/invalid dimensions/i);
  expect((await session.run(rows(1, 2), ['y'])).get('y')?.dims).toEqual([1, 1]);
});

it('a model that cannot be opened is the error that it is without a thread', async () => {
  await expect(ThreadedSession.open('/nonexistent/m.onnx', OPTIONS)).rejects.toMatchObject({
    code: 'MODEL_NOT_FOUND',
  });
});
