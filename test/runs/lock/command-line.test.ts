import { expect, test } from 'vitest';
import { commandLine } from '../../../src/runs/lock/command-line.ts';

test.each([
  [['node', '/usr/bin/serve-batch', 'run', 'sales'], 'serve-batch run sales'],
  [
    ['node', 'serve-batch', '--kv', 'redis://me:hunter2@cache:6379/0'],
    'serve-batch --kv redis://cache:6379/0',
  ],
  [['node', 'serve-batch', '--kv=rediss://:hun ter2@cache'], 'serve-batch --kv=rediss://cache'],
  [['node'], 'serve-batch'],
])('%j is shown as %j', (argv, text) => {
  expect(commandLine(argv)).toBe(text);
});
