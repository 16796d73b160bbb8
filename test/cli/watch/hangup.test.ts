import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { sleep } from '../../../src/cli/schedule-context.ts';
import { listenToHangups } from '../../../src/cli/watch/hangup.ts';

const LONG_MS = 2 ** 30;

it('SIGHUP ends a pause, again and again, and so does the end of the server', async () => {
  const source = new EventEmitter() as unknown as NodeJS.Process;
  const { pause, stop } = listenToHangups(sleep, source);
  const end = new AbortController();
  for (let round = 0; round < 2; round++) {
    const pausing = pause(LONG_MS, end.signal);
    source.emit('SIGHUP');
    await pausing;
  }
  const last = pause(LONG_MS, end.signal);
  end.abort();
  await last;
  await pause(LONG_MS, end.signal);
  stop();
  expect(source.listenerCount('SIGHUP')).toBe(0);
});
