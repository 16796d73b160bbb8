import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openStore } from '../../../src/kv/open-store.ts';
import { parseRedisAddress } from '../../../src/kv/redis/connection/redis-address.ts';
import { parseRedisUrl } from '../../../src/kv/redis/redis-url.ts';
import { TLS_FILES } from '../../support/redis-server.ts';

describe('the URL of a store', () => {
  it.each([
    [
      'redis://cache',
      { host: 'cache', port: 6379, db: 0, username: undefined, password: undefined, tls: null },
    ],
    ['redis://cache:7000/2', { host: 'cache', port: 7000, db: 2 }],
    ['redis://:secret@cache/', { host: 'cache', db: 0, username: undefined, password: 'secret' }],
    ['redis://me:p%40ss%3A%2F%25@cache', { username: 'me', password: 'p@ss:/%' }],
    ['redis://[::1]:7000', { host: '::1', port: 7000 }],
    ['rediss://cache', { host: 'cache', port: 6379, tls: {} }],
  ])('reads %s', (url, expected) => {
    expect(parseRedisUrl(url)).toMatchObject(expected);
  });

  it.each([
    [
      'redis+cluster://me:p%40ss@a,b:7000,[::1]:7001',
      {
        url: 'redis+cluster://a,b:7000,[::1]:7001',
        username: 'me',
        password: 'p@ss',
        tls: null,
        members: {
          kind: 'cluster',
          nodes: [
            { host: 'a', port: 6379 },
            { host: 'b', port: 7000 },
            { host: '::1', port: 7001 },
          ],
        },
      },
    ],
    [
      'REDISS+Sentinel://:secret@a:26380,b/my%20primary/3',
      {
        password: 'secret',
        db: 3,
        tls: {},
        members: {
          kind: 'sentinel',
          name: 'my primary',
          sentinels: [
            { host: 'a', port: 26380 },
            { host: 'b', port: 26379 },
          ],
        },
      },
    ],
    ['redis://cache:7000', { host: 'cache', members: { kind: 'server' } }],
  ])('reads the address %s', (url, expected) => {
    expect(parseRedisAddress(url)).toMatchObject(expected);
  });

  it('reads the files of TLS', () => {
    const { ca, cert, key } = TLS_FILES;
    expect(parseRedisUrl(`rediss://cache?ca=${ca}&cert=${cert}&key=${key}`).tls).toEqual({
      ca: readFileSync(ca, 'utf8'),
      cert: readFileSync(cert, 'utf8'),
      key: readFileSync(key, 'utf8'),
    });
  });

  it.each([
    ['redis://cache/sales', '"/sales"'],
    ['redis://cache/-1', '"/-1"'],
    ['redis://cache?ca=x', 'rediss://'],
    ['rediss://cache?timeout=5', '"timeout"'],
    ['rediss://cache?ca=no-such-file.pem', 'no-such-file.pem'],
    [`rediss://cache?cert=${TLS_FILES.cert}`, 'both cert and key'],
    ['redis://me:se%cret@cache', '%25'],
    ['redis+cluster://a,b/2', 'a cluster has no databases'],
    ['redis+cluster://a,,b', '"" is not host or host:port'],
    ['redis+cluster://a:b,c', '"a:b" is not host'],
    ['redis+cluster://a?ca=x', 'rediss'],
    ['redis+sentinel://a,b', 'redis+sentinel://HOST:26379/NAME'],
    ['redis+sentinel://a/primary/x', '"/x"'],
    ['redis+ring://a', 'redis+cluster://HOST:PORT'],
    ['redis://', 'redis://HOST:PORT'],
    ['memcached://cache', 'lmdb:PATH'],
    ['lmdb:', 'redis://'],
    ['', 'lmdb:PATH'],
  ])('refuses %s and says why', (url, reason) => {
    expect(() => openStore({ url, job: 'sales' })).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(reason) }),
    );
  });

  it.each([
    'redis://me:hunter22#x@cache:99999',
    'redis://me:hunter22@cache/not-a-number',
    'redis//me:hunter22@cache',
    'redis:/me:hunter22@cache',
    'redis+cluster://me:hunter22@a,b/2',
    'redis+sentinel://me:hunter22@a,b',
    'redis+sentinel://me:hunter22@a/x%zz',
    'redis://me:hunter22/@cache/x',
    'redis://me:hunter22%zz@cache',
    'http://me:hunter22@cache',
    'me:hunter22@cache',
  ])('does not repeat the password of %s', (url) => {
    let message = '';
    try {
      openStore({ url, job: 'sales' });
    } catch (error) {
      message = JSON.stringify([String(error), error]);
    }
    expect(message).toContain('USAGE');
    expect(message).not.toContain('hunter');
  });

  it('opens the folder that lmdb: names', () => {
    expect(openStore({ url: 'lmdb:out/kv', job: 'sales' }).url).toBe('lmdb:out/kv');
    expect(openStore({ url: 'lmdb:///var/kv', job: 'sales' }).url).toBe('lmdb:/var/kv');
  });
});
