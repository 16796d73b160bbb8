import { describe, expect, it } from 'vitest';
import { maskUrl, Secrets } from '../../../src/core/text/secrets.ts';

describe('a masked URL', () => {
  it.each([
    ['redis://me:hunter2@cache:6379/2', 'redis://cache:6379/2'],
    ['rediss://:hunter2@cache', 'rediss://cache'],
    ['redis://me@cache/0', 'redis://cache/0'],
    ['redis://me:hun@ter2@cache/0', 'redis://cache/0'],
    ['redis://cache?password=hunter2&db=1#x', 'redis://cache?password=***&db=1#x'],
    ['redis://cache?db=1&auth=hunter2', 'redis://cache?db=1&auth=***'],
    ['redis://cache:6379', 'redis://cache:6379'],
    ['lmdb:out/kv', 'lmdb:out/kv'],
  ])('of %s is %s', (url, masked) => {
    expect(maskUrl(url)).toBe(masked);
  });
});

describe('secrets', () => {
  it('are masked wherever they stand', () => {
    const secrets = new Secrets();
    secrets.add('hunter22');
    expect(secrets.mask('password hunter22, again:hunter22!')).toBe('password ***, again:***!');
    expect(secrets.mask('nothing here')).toBe('nothing here');
  });

  it('are taken from a URL as they are written and as they are decoded', () => {
    const secrets = new Secrets();
    secrets.addUrl('redis://me:p%40ss:word@cache');
    expect(secrets.mask('p%40ss:word or p@ss:word')).toBe('*** or ***');
    expect(secrets.mask('me at cache')).toBe('me at cache');
  });

  it('may be in a URL that is wrongly encoded, or without any', () => {
    const secrets = new Secrets();
    secrets.addUrl('redis://me:100%secret@cache');
    secrets.addUrl('redis://cache');
    secrets.addUrl('lmdb:out');
    expect(secrets.mask('100%secret')).toBe('***');
  });

  it('are left alone where they are too short to hide anything', () => {
    const secrets = new Secrets();
    secrets.add('1');
    secrets.add('');
    expect(secrets.mask('11 of 100')).toBe('11 of 100');
  });
});
