import { dirname } from 'node:path';
import { expect, inject, it } from 'vitest';
import { replaceEnvironment } from './environment.ts';

it('caches lie in the folder of the session, not in the home of whoever runs the tests', () => {
  expect(dirname(process.env.XDG_CACHE_HOME ?? '')).toBe(dirname(inject('recipes') ?? ''));
});

it('a process has the variables that it is given, and no other', () => {
  const before = { ...process.env };
  const env = { ONLY_HERE: '1', HOME: '/nowhere' };
  try {
    replaceEnvironment(env);
    expect({ ...process.env }).toEqual(env);
  } finally {
    replaceEnvironment(before);
  }
  expect({ ...process.env }).toEqual(before);
});
