import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkSchedule } from '../../../src/cli/doctor/check-schedule.ts';
import { signsOfLife } from '../../../src/cli/watch/liveness.ts';
import { silentLog } from '../../../src/core/effects.ts';
import { fixedClock, temporaryFolder } from '../../runs/sample-run.ts';

const clock = fixedClock('2026-11-21T00:00:00Z');
const LOOK = { jobs: 2, running: ['weekly'], problems: [] };
const TROUBLED = {
  ...LOOK,
  problems: [{ job: 'prices', problem: 'its last run failed: redis://:secret@a is away' }],
};
const mask = (text: string): string => text.replaceAll('secret', '***');
const hasTools = ['systemd-notify', 'python3'].every((each) => spawnSync(each, ['--version']).status === 0);

describe('signs of life', () => {
  it('go to systemd where it started the process, and say what is wrong once', async () => {
    const sent: unknown[] = [];
    const warnings: string[] = [];
    const log = { ...silentLog, warn: (message: string) => void warnings.push(message) };
    const notify = async (messages: readonly string[]): Promise<void> => {
      sent.push(messages);
      if (sent.length > 1) throw new Error('no socket');
    };
    const request = { clock, log, mask, file: null, notify };
    await signsOfLife({ ...request, env: {} }).onLook(LOOK);
    expect(sent).toEqual([]);
    const told = signsOfLife({ ...request, env: { NOTIFY_SOCKET: '/run/notify' } });
    for (let index = 0; index < 3; index++) await told.onLook(TROUBLED);
    expect(sent[0]).toEqual([
      'READY=1',
      'WATCHDOG=1',
      'STATUS=2 scheduled jobs; running: weekly; with problems: prices',
    ]);
    await told.onDrain();
    expect(sent.at(-1)).toEqual(['STOPPING=1', 'STATUS=ends: shards under way may finish']);
    expect(warnings).toEqual(['systemd cannot be told that the scheduler is alive: no socket']);
  });

  it.skipIf(!hasTools)(
    'reach a socket as systemd has it (skipped without systemd-notify and python3)',
    async () => {
      const path = join(await temporaryFolder(), 'notify');
      const listen = `import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); print("up", flush=True)
print(s.recv(4096).decode(), flush=True)`;
      const listener = spawn('python3', ['-c', listen, path]);
      let text = '';
      listener.stdout.on('data', (bytes: Buffer) => {
        text += bytes.toString();
      });
      await once(listener.stdout, 'data');
      process.env.NOTIFY_SOCKET = path;
      try {
        await signsOfLife({ env: process.env, clock, log: silentLog, mask, file: null }).onLook(LOOK);
      } finally {
        delete process.env.NOTIFY_SOCKET;
      }
      await once(listener, 'exit');
      expect(text).toContain('READY=1\nWATCHDOG=1\nSTATUS=2 scheduled jobs; running: weekly');
    },
  );

  it('stand in a file that doctor --schedule reads', async () => {
    const file = join(await temporaryFolder(), 'new/alive.json');
    expect(await checkSchedule(file, clock)).toMatchObject([{ mark: 'fail', code: 'NOT_FOUND' }]);
    await signsOfLife({ env: {}, clock, log: silentLog, mask, file }).onLook(TROUBLED);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
      at: '2026-11-21T00:00:00.000Z',
      pid: process.pid,
      ...LOOK,
      problems: [{ job: 'prices', problem: 'its last run failed: redis://:***@a is away' }],
    });
    const prices = { name: 'prices', mark: 'warn', text: 'its last run failed: redis://:***@a is away' };
    expect(await checkSchedule(file, fixedClock('2026-11-21T00:01:00Z'))).toMatchObject([
      { mark: 'ok', text: 'looked at 2 jobs 60 s ago; running: weekly' },
      prices,
    ]);
    expect(await checkSchedule(file, fixedClock('2026-11-21T00:06:00Z'))).toMatchObject([
      { mark: 'fail', text: expect.stringContaining('360 s ago; expected a look each minute') },
      prices,
    ]);
  });

  it('come twice in the time that systemd waits for one, and each minute at least', () => {
    const silence = (usec?: string) =>
      signsOfLife({
        ...{ clock, log: silentLog, mask, file: null },
        env: usec === undefined ? {} : { WATCHDOG_USEC: usec },
      }).longestSilenceMs;
    expect([undefined, 'x', '0', '20000000', '300000000'].map(silence)).toEqual([
      60_000, 60_000, 60_000, 10_000, 60_000,
    ]);
  });

  it('that cannot be written stop nothing', async () => {
    const file = '/proc/none/alive.json';
    await signsOfLife({ env: {}, clock, log: silentLog, mask, file }).onLook(LOOK);
  });
});
