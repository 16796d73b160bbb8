// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how job files write variables
import { describe, expect, it } from 'vitest';
import { fillEnvironment } from '../../src/config/file/fill-environment.ts';

describe('filling', () => {
  it.each([
    ['${A}', 'one'],
    ['x-${A}-${A}', 'x-one-one'],
    ['${B:-two}', 'two'],
    ['${EMPTY:-two}', 'two'],
    ['${EMPTY}', ''],
    ['${A:-two}', 'one'],
    ['${B:-}', ''],
    ['${B:-redis://h:1/?a=b}', 'redis://h:1/?a=b'],
    ['$${A}', '${A}'],
    ['$A and $', '$A and $'],
    ['{A}', '{A}'],
    ['${YAML}', 'a: {b: c}'],
    ['${NESTED}', '${A}'],
  ])('%s gives %j', (text, filled) => {
    const env = { A: 'one', EMPTY: '', YAML: 'a: {b: c}', NESTED: '${A}' };
    expect(fillEnvironment({ deep: [text] }, env)).toMatchObject({ data: { deep: [filled] }, problems: [] });
  });

  it('leaves numbers, names of fields and everything else alone', () => {
    const data = { n: 5, none: null, yes: true, '${A}': 'x' };
    expect(fillEnvironment(data, { A: 'one' })).toMatchObject({ data, filled: [] });
  });

  it('tells which fields it filled', () => {
    expect(fillEnvironment({ a: { b: ['x', '${A}'] } }, { A: '1' }).filled).toEqual([['a', 'b', 1]]);
  });

  it.each([
    [
      '${B}',
      'a.b needs the environment variable B, which is not set. Set it, or write a default: ${B:-...}.',
    ],
    ['${toString}', 'a.b needs the environment variable toString, which is not set.'],
    ['${1A}', 'a.b holds ${1A}, which is not the name of a variable.'],
    ['${}', 'a.b holds ${}, which is not the name of a variable.'],
    [
      '${A',
      'a.b holds ${A, which is not the name of a variable. Write ${NAME} or ${NAME:-default}, or $${ for a plain ${.',
    ],
    ['${A-x}', 'a.b holds ${A-x}, which is not the name of a variable.'],
  ])('complains of %s', (text, message) => {
    const { problems } = fillEnvironment({ a: { b: text } }, { A: 'one' });
    expect(problems).toEqual([{ path: ['a', 'b'], message: expect.stringContaining(message) }]);
  });
});

describe('secrets', () => {
  const secret = 'hunter2-hunter2';

  it.each([
    ['a variable named PASSWORD', '${REDIS_PASSWORD}'],
    ['a variable named PASS', '${REDIS_PASS}'],
    ['a variable named TOKEN', '${TOKEN}'],
    ['a variable named SECRET', '${MY_SECRET}'],
    ['a variable named KEY', '${API_KEY}'],
    ['a default of one', `\${NO_PASSWORD:-${secret}}`],
    ['any variable before the host of a URL', 'redis://:${PLAIN}@cache:6379'],
    ['a whole URL from a variable', '${URL}'],
    ['a password written into the file', `redis://app:${secret}@cache`],
    ['a password as a parameter', `redis://cache?db=1&password=${secret}`],
  ])('%s is one', (_, text) => {
    const env = {
      REDIS_PASSWORD: secret,
      REDIS_PASS: secret,
      TOKEN: secret,
      MY_SECRET: secret,
      API_KEY: secret,
      PLAIN: secret,
      URL: `rediss://app:${secret}@cache`,
    };
    expect(fillEnvironment({ a: text }, env).secrets.mask(`log ${secret} line`)).toBe('log *** line');
  });

  it.each([
    ['an ordinary variable', '${FOLDER}'],
    ['the host of a URL', 'redis://${FOLDER}:6379'],
    ['the working folder', '${PWD}'],
  ])('%s is none', (_, text) => {
    const env = { FOLDER: 'warehouse', PWD: 'warehouse' };
    expect(fillEnvironment({ a: text }, env).secrets.mask('in warehouse')).toBe('in warehouse');
  });

  it('knows a password before the host that is no proper part of a URL', () => {
    const { secrets } = fillEnvironment({ a: 'redis://:${PLAIN}@cache' }, { PLAIN: 'pass/word#1' });
    expect(secrets.mask('pass/word#1')).toBe('***');
  });

  it('knows a percent-encoded password in both forms', () => {
    const { secrets } = fillEnvironment({ a: 'redis://:p%40ss-word@cache' }, {});
    expect(secrets.mask('p%40ss-word p@ss-word')).toBe('*** ***');
  });
});
