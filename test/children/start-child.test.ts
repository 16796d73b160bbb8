import { fork } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { expect, it, vi } from 'vitest';
import { startChild } from '../../src/children/start-child.ts';

vi.mock('node:child_process', () => ({ fork: vi.fn(() => new EventEmitter()) }));

it('starts children that keep little garbage, and collect it themselves', () => {
  startChild();
  const options = vi.mocked(fork).mock.calls[0]?.[2];
  expect(options?.execArgv).toEqual(expect.arrayContaining(['--max-semi-space-size=1', '--expose-gc']));
  expect(options?.env).toMatchObject({ MALLOC_ARENA_MAX: '2' });
});
