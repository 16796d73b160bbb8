import { describe, expect, it } from 'vitest';
import { normaliseJob } from '../../src/config/normalise-job.ts';
import { parseJob } from '../../src/config/parse-job.ts';
import { specSha256 } from '../../src/config/spec-hash.ts';

const MODEL = { model: 'models/sales.onnx' };
const CRON = 'expected a cron expression of five fields (minute hour day month weekday)';

function messagesOf(fields: object): string[] {
  return parseJob({ ...MODEL, ...fields }, {}).problems.map(({ message }) => message);
}

function specOf(fields: object) {
  const { job, problems } = parseJob({ ...MODEL, ...fields }, {});
  if (job === null) throw new Error(problems.map(({ message }) => message).join('\n'));
  return normaliseJob(job, 'sales', '/project');
}

describe('schedule', () => {
  it('is a cron expression, with defaults', () => {
    expect(specOf({ schedule: '0 0 * * 6' }).schedule).toEqual({
      cron: '0 0 * * 6',
      timezone: 'UTC',
      catchup: 'latest',
      catchupWindowSeconds: 604_800,
      jitterSeconds: 0,
      deadlineSeconds: null,
      overlap: 'wait',
      retries: 2,
      backoffSeconds: 60,
      enabled: true,
      after: [],
      waitFor: [],
      onLate: 'fail',
      checkEverySeconds: 60,
    });
    expect(specOf({}).schedule).toBeNull();
  });

  it('is a map', () => {
    const schedule = {
      cron: '*/5 * * * MON-FRI',
      timezone: 'Europe/Stockholm',
      catchup: 'all',
      catchupWindow: '2d',
      jitter: '0s',
      deadline: '6h',
      overlap: 'skip',
      retries: 0,
      backoff: 30,
      enabled: false,
    };
    const { catchupWindow: _, jitter: __, deadline: ___, backoff: ____, ...plain } = schedule;
    expect(specOf({ schedule }).schedule).toEqual({
      ...plain,
      catchupWindowSeconds: 172_800,
      jitterSeconds: 0,
      deadlineSeconds: 21_600,
      backoffSeconds: 30,
      after: [],
      waitFor: [],
      onLate: 'fail',
      checkEverySeconds: 60,
    });
  });

  it('says what an occurrence waits for', () => {
    const waitFor = [
      { file: 'data/{{ occurrence.date }}/_SUCCESS', maxAge: '1d', unchangedFor: 30 },
      { table: 'prices', rows: 5 },
      { table: 'data/*.csv', column: 'date', newest: '{{ occurrence.date }}' },
      { sql: '1 = 1' },
    ];
    const schedule = {
      cron: '0 0 * * *',
      deadline: '4h',
      after: 'a',
      waitFor,
      onLate: 'run',
      checkEvery: '5m',
    };
    const tables = { prices: 'prices.csv' };
    const features = { tables, select: 'SELECT * FROM input JOIN prices USING (id)' };
    expect(specOf({ schedule, features }).schedule).toMatchObject({
      after: ['a'],
      onLate: 'run',
      checkEverySeconds: 300,
      waitFor: [
        {
          kind: 'file',
          path: '/project/data/{{ occurrence.date }}/_SUCCESS',
          shown: 'data/{{ occurrence.date }}/_SUCCESS',
          maxAgeSeconds: 86_400,
          unchangedSeconds: 30,
        },
        { kind: 'table', table: 'prices', rows: 5, column: null, newest: null, distinct: null },
        { kind: 'table', table: '/project/data/*.csv', column: 'date', newest: '{{ occurrence.date }}' },
        { kind: 'sql', sql: '1 = 1' },
      ],
    });
  });

  it.each<[object, string]>([
    [{ waitFor: [{ file: 'a' }] }, 'schedule.deadline is missing; expected how long an occurrence waits'],
    [{ after: 'a' }, 'schedule.deadline is missing; expected how long an occurrence waits'],
    [{ onLate: 'skip' }, 'expected waitFor or after beside onLate and checkEvery'],
    [{ deadline: '1h', waitFor: [] }, 'expected a list of maps with file, table or sql'],
    [
      { deadline: '1h', waitFor: [{ table: 'input' }] },
      'expected a map with table and rows, newest or distinct',
    ],
    [
      { deadline: '1h', waitFor: [{ table: 'input', newest: 'x' }] },
      'expected a column with newest or distinct',
    ],
    [{ deadline: '1h', waitFor: [{ table: 'price', rows: 1 }] }, 'expected tables that are called input'],
    [{ deadline: '1h', waitFor: [{ file: 'a' }], onLate: 'stop' }, 'expected skip, run or fail'],
  ])('%j is refused', (fields, message) => {
    const [first = ''] = messagesOf({ schedule: { cron: '0 0 * * *', ...fields } });
    expect(first).toContain(message);
  });

  it.each([
    ['0 0 * *', CRON],
    ['0 0 0 * * 6', CRON],
    ['@daily', CRON],
    ['61 * * * *', `schedule is "61 * * * *"; ${CRON}`],
    ['0 0 30 2 *', 'This one never occurs'],
    [5, 'schedule is 5; expected a cron expression'],
    [{ cron: 'x y z a b' }, `schedule.cron is "x y z a b"; ${CRON}`],
    [{ timezone: 'UTC' }, 'schedule.cron is missing'],
    [
      { cron: '0 0 * * *', timezone: 'Mars/Olympus' },
      'schedule.timezone is "Mars/Olympus"; expected an IANA',
    ],
    [{ cron: '0 0 * * *', catchup: 'some' }, 'schedule.catchup is "some"; expected none, latest or all.'],
    [{ cron: '0 0 * * *', overlap: 'kill' }, 'schedule.overlap is "kill"; expected wait or skip.'],
    [{ cron: '0 0 * * *', deadline: '0' }, 'schedule.deadline is "0"; expected a whole number of seconds'],
    [{ cron: '0 0 * * *', jitter: 'much' }, 'schedule.jitter is "much"; expected 0, or a whole number'],
    [{ cron: '0 0 * * *', retries: -1 }, 'schedule.retries is -1; expected a whole number, at least 0'],
    [{ cron: '0 0 * * *', cachup: 'all' }, 'schedule.cachup is not a field. Did you mean "catchup"?'],
  ])('%j is refused', (schedule, message) => {
    expect(messagesOf({ schedule })).toEqual([expect.stringContaining(message)]);
  });
});

describe('notify and heartbeat', () => {
  it('have defaults; a program with a slash is a file of the project', () => {
    const { notify, heartbeat } = specOf({
      notify: { command: ['./alert.sh', 'now'] },
      heartbeat: 'https://hc.example.org/ping/1',
    });
    expect(notify).toEqual({
      on: ['failed', 'late', 'partial', 'paused', 'lost', 'accuracy'],
      webhook: null,
      command: ['/project/alert.sh', 'now'],
    });
    expect(heartbeat).toBe('https://hc.example.org/ping/1');
    expect(specOf({ notify: { command: ['mail', 'a/b'] } }).notify?.command).toEqual(['mail', 'a/b']);
  });

  it.each([
    [{ notify: { on: ['failed'] } }, 'expected a map with webhook, command or both'],
    [{ notify: { webhook: 'hooks.example.org' } }, 'notify.webhook is "hooks.example.org"; expected an http'],
    [{ notify: { command: 'mail' } }, 'notify.command is "mail"; expected a list: a program'],
    [
      { notify: { on: ['never'], command: ['mail'] } },
      'notify.on[0] is "never"; expected failed, late, partial, paused, lost or accuracy.',
    ],
    [{ heartbeat: 'ftp://x' }, 'heartbeat is "ftp://x"; expected an http or https URL'],
  ])('%j is refused', (fields, message) => {
    expect(messagesOf(fields)).toEqual([expect.stringContaining(message)]);
  });
});

it('none of them makes another run', () => {
  const plain = specSha256(specOf({}), {});
  const full = specOf({
    schedule: { cron: '0 0 * * 6', timezone: 'Europe/Stockholm' },
    notify: { command: ['mail'] },
    heartbeat: 'https://hc.example.org/ping/1',
  });
  expect(specSha256(full, {})).toBe(plain);
});
