import { describe, expect, it } from 'vitest';
import { ServeBatchError } from '../../src/core/errors.ts';
import { ageOf } from '../../src/serving/answer-text.ts';
import { parseTokens, Tokens } from '../../src/serving/http/tokens.ts';
import { KeyDictionary } from '../../src/serving/key-dictionary.ts';
import { LastAnswers } from '../../src/serving/last-answers.ts';
import type { ServedJob } from '../../src/serving/served-job.ts';
import { type JobSource, ServedJobs } from '../../src/serving/served-jobs.ts';
import { StoreGate } from '../../src/serving/store-gate.ts';
import { INFO } from '../kv/store-contract.ts';
import { sourceOf } from './served-store.ts';

describe('StoreGate', () => {
  const away = new ServeBatchError('STORE_UNAVAILABLE', 'away');
  function gateAt() {
    let nowMs = 0;
    const clock = { now: () => new Date(0), monotonicMs: () => nowMs };
    return {
      gate: new StoreGate({ clock, deadlineMs: null }),
      passMs: (ms: number) => {
        nowMs += ms;
      },
    };
  }

  it('asks a store that has failed once a second, and one request at a time', async () => {
    const { gate, passMs } = gateAt();
    let asked = 0;
    const fail = async (): Promise<never> => {
      asked++;
      throw away;
    };
    await expect(gate.run(fail)).rejects.toBe(away);
    await expect(gate.run(fail)).rejects.toBe(away);
    passMs(999);
    await expect(gate.run(fail)).rejects.toBe(away);
    expect(asked).toBe(1);
    passMs(1);
    await Promise.allSettled([gate.run(fail), gate.run(fail), gate.run(fail)]);
    expect(asked).toBe(2);
    passMs(1000);
    expect(await gate.run(async () => 'back')).toBe('back');
    expect(await gate.run(async () => 'again')).toBe('again');
  });

  it('does not mind questions that are wrong', async () => {
    const { gate } = gateAt();
    const wrong = new ServeBatchError('USAGE', 'no such column');
    await expect(gate.run(() => Promise.reject(wrong))).rejects.toBe(wrong);
    expect(await gate.run(async () => 1)).toBe(1);
  });

  it('gives up on an answer after the deadline', async () => {
    const clock = { now: () => new Date(0), monotonicMs: () => 0 };
    const gate = new StoreGate({ clock, deadlineMs: 10 });
    await expect(gate.run(() => new Promise(() => {}))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });
});

describe('KeyDictionary', () => {
  const miss = (runId: string, columns: Record<string, string>) => ({
    job: 'sales',
    info: { ...INFO, runId },
    columns,
  });

  it('reads the keys of a run once, however many requests miss', async () => {
    let reads = 0;
    const dictionary = new KeyDictionary({
      read: async (_, columns) => {
        reads++;
        expect(columns).toEqual(['store', 'product', 'date']);
        return { store: ['1'], product: null, date: ['2026-11-21'] };
      },
      patienceMs: 1000,
    });
    const errors = await Promise.all(
      Array.from({ length: 100 }, () => dictionary.explain(miss('g1', { store: '2', product: '7' }))),
    );
    expect(errors[99]?.fields.unknown).toEqual(['store']);
    expect(reads).toBe(1);
    await dictionary.explain(miss('g2', { store: '2', product: '7' }));
    expect(reads).toBe(2);
  });

  it('explains a value that has expired as expired', async () => {
    const dictionary = new KeyDictionary({
      read: async () => ({ store: ['1'], product: ['7'], date: ['2026-11-21'] }),
      expiry: async () => ({ ttl: '2h', publishedAt: '2026-11-21T00:00:00.000Z', isOver: true }),
      patienceMs: 1000,
    });
    const { message } = await dictionary.explain(
      miss('g1', { store: '1', product: '7', date: '2026-11-21' }),
    );
    expect(message).toContain('its values have expired, since they live for 2h (kv.ttl)');
  });

  it('does not let a request wait for long', async () => {
    const dictionary = new KeyDictionary({ read: () => new Promise(() => {}), patienceMs: 5 });
    expect((await dictionary.explain(miss('g1', { store: '2', product: '7' }))).message).toContain(
      'not at hand',
    );
  });
});

describe('LastAnswers', () => {
  it('forgets what was not asked for the longest', () => {
    const answers = new LastAnswers<number>(2);
    answers.set('a', 1);
    answers.set('b', 2);
    answers.set('a', 3);
    answers.set('c', 4);
    expect([answers.get('a'), answers.get('b'), answers.get('c'), answers.size]).toEqual([
      3,
      undefined,
      4,
      2,
    ]);
  });
});

describe('ServedJobs', () => {
  function jobsWithLog() {
    const log: string[] = [];
    const jobs = new ServedJobs(({ name, serving }) => {
      const title = `${name} ${serving.maxAgeSeconds}`;
      log.push(`open ${title}`);
      return {
        job: { name: title } as ServedJob,
        close: async () => {
          log.push(`close ${title}`);
        },
      };
    });
    return { log, jobs };
  }
  const source = (name: string, maxAgeSeconds: number): JobSource => ({
    ...sourceOf('lmdb:x', { maxAgeSeconds }),
    name,
  });

  it('keeps what has not changed, and closes the rest once nobody uses it', async () => {
    const { log, jobs } = jobsWithLog();
    await jobs.replace([source('a', 1), source('b', 1)]);
    let finish = (): void => {};
    const request = jobs.use('b', async (job) => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return job.name;
    });
    await jobs.replace([source('a', 1), source('b', 2)]);
    expect(log).toEqual(['open a 1', 'open b 1', 'open b 2']);
    expect(await jobs.use('b', async ({ name }) => name)).toBe('b 2');
    finish();
    expect(await request).toBe('b 1');
    expect(log.slice(3)).toEqual(['close b 1']);
    await jobs.close();
    expect(log.slice(4)).toEqual(['close a 1', 'close b 2']);
    await expect(jobs.use('a', async () => 1)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('tokens of a file', () => {
  it('one a line, without comments', () => {
    const tokens = parseTokens('# team\n  0123456789abcdef\r\n\nfedcba9876543210\n', 'tokens.txt');
    expect(tokens).toEqual(['0123456789abcdef', 'fedcba9876543210']);
    expect(new Tokens(tokens).allows('Bearer fedcba9876543210')).toBe(true);
  });

  it.each([
    ['', 'holds no token'],
    ['# none\n', 'holds no token'],
    ['short\n', 'Token 1 of tokens.txt cannot be used'],
    ['0123456789abcdef\nwith spaces in it ok\n', 'Token 2'],
  ])('%j is refused', (text, message) => {
    expect(() => parseTokens(text, 'tokens.txt')).toThrow(message);
    expect(() => parseTokens(text, 'tokens.txt')).not.toThrow(/with spaces/);
  });
});

describe('age', () => {
  const at = (seconds: number) => new Date(Date.parse('2026-11-21T00:00:00Z') + seconds * 1000);
  it.each([
    [0, 60, { seconds: 0, isStale: false }],
    [60.9, 60, { seconds: 60, isStale: false }],
    [61, 60, { seconds: 61, isStale: true }],
    [1e6, null, { seconds: 1e6, isStale: false }],
    // A clock that is behind the one that planned the run.
    [-5, 60, { seconds: 0, isStale: false }],
  ])('after %d s, with %j allowed', (seconds, allowed, age) => {
    expect(ageOf('2026-11-21T00:00:00Z', allowed, at(seconds))).toEqual(age);
  });
});
