import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { countWorkers } from '../../src/queue/count-workers.ts';
import { checkQueueServer } from '../../src/queue/queue-server.ts';
import { ShardQueue } from '../../src/queue/shard-queue.ts';
import { startSilentServer } from '../support/silent-server.ts';

const LISTENER = { onDone: () => {}, onFailed: () => {} };
const OTHER_SIDES: readonly (readonly [string, (socket: Socket) => void])[] = [
  ['accepts and never answers', () => {}],
  ['answers half', (socket) => void socket.write('$1000\r\nredis_version:7')],
  ['closes when it should answer', (socket) => void socket.end()],
];

async function silentQueue(onData: (socket: Socket) => void) {
  let ask = (_: Socket): void => {};
  const asked = new Promise<Socket>((resolve) => {
    ask = resolve;
  });
  const server = await startSilentServer((socket) => {
    ask(socket);
    onData(socket);
  });
  onTestFinished(() => server.close());
  return { url: `redis://127.0.0.1:${server.port}`, asked };
}

describe.each(OTHER_SIDES)('a queue whose server %s', (_, onData) => {
  it('does not say how many workers there are', async () => {
    const { url } = await silentQueue(onData);
    expect(await countWorkers(url, 50)).toBeNull();
  });

  it('is waited for until the run ends, and no longer', async () => {
    const { url, asked } = await silentQueue(onData);
    const stop = new AbortController();
    const opened = ShardQueue.open(url, { runId: 'r' }, LISTENER, { signal: stop.signal, silenceMs: 50 });
    const failed = expect(opened).rejects.toThrow('ended by SIGTERM');
    const socket = await asked;
    stop.abort(new Error('ended by SIGTERM'));
    await failed;
    if (!socket.destroyed) await once(socket, 'close');
  });
});

it('a worker that is told to end while the queue says nothing ends with the signal, and does not blame the queue', async () => {
  const { url, asked } = await silentQueue(() => {});
  const stop = new AbortController();
  const checked = expect(checkQueueServer(url, stop.signal)).rejects.toThrow('ended by SIGTERM');
  await asked;
  stop.abort(new Error('ended by SIGTERM'));
  await checked;
});
