import { expect, it } from 'vitest';
import { jsonLog } from '../../../src/cli/watch/json-log.ts';

it('writes a JSON line with level, time, what each line is about, the fields and the message', () => {
  const lines: string[] = [];
  const about = () => ({ job: 'sales' });
  const log = jsonLog({ debug: false, about, write: (line) => lines.push(line) });
  log.debug('left out');
  log.warn('a shard failed', { shard: 3, path: undefined });
  log.error('it\nended');
  expect(lines.every((line) => line.endsWith('\n') && !line.slice(0, -1).includes('\n'))).toBe(true);
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/);
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { level: 40, time, job: 'sales', shard: 3, msg: 'a shard failed' },
    { level: 50, time, job: 'sales', msg: 'it\nended' },
  ]);
  expect(Object.keys(JSON.parse(lines[0] ?? '{}'))).toEqual(['level', 'time', 'job', 'shard', 'msg']);
});

it('writes debug lines where they are asked for', () => {
  const lines: string[] = [];
  jsonLog({ debug: true, write: (line) => lines.push(line) }).debug('more');
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ level: 20, msg: 'more' }]);
});
