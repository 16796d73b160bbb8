import { describe, expect, it } from 'vitest';
import { DEFAULT_LIVE, type LiveSpec } from '../../../src/config/sections/live.ts';
import { ServeBatchError } from '../../../src/core/errors.ts';
import { LiveFigures } from '../../../src/serving/live/live-figures.ts';
import { LiveGeneration } from '../../../src/serving/live/live-generation.ts';
import type { LiveAnswer, LiveQuestion } from '../../../src/shard/live/live-question.ts';
import type { OwnedWorkers } from '../../../src/tasks/workers.ts';

type Questions = readonly LiveQuestion[];

const question = (key: string): LiveQuestion => ({ kind: 'key', key, field: null, columns: {}, changed: {} });
const keysOf = (questions: Questions): string[] =>
  questions.map((each) => (each.kind === 'key' ? each.key : ''));
const echo = (questions: Questions): LiveAnswer[] =>
  keysOf(questions).map((text) => ({ kind: 'value', text }));
const died = new ServeBatchError('CHILD_DIED', 'The child process ended.');

/** A model whose calls are answered when the test says so. */
function generation(live: Partial<LiveSpec> = {}) {
  const calls: { questions: Questions; answer: () => void; fail: (error: unknown) => void }[] = [];
  let nowMs = 0;
  const failures: string[] = [];
  const workers = {
    run: (_task: string, { questions }: { questions: Questions }, options: { signal?: AbortSignal } = {}) =>
      new Promise((resolve, reject) => {
        options.signal?.addEventListener('abort', () => reject(options.signal?.reason));
        calls.push({ questions, answer: () => resolve(echo(questions)), fail: reject });
      }),
    close: async () => {},
  } as unknown as OwnedWorkers;
  const figures = new LiveFigures();
  const made = new LiveGeneration({
    run: { runId: 'run', memoryLimit: '1GB' },
    workers,
    live: { ...DEFAULT_LIVE, ...live },
    figures,
    clock: { now: () => new Date(0), monotonicMs: () => nowMs },
    onFailure: ({ code }) => failures.push(code),
  });
  return {
    ...{ made, calls, figures, failures },
    ask: (key: string) => made.ask(question(key)),
    call: async (index: number) => {
      await expect.poll(() => calls.length).toBeGreaterThan(index);
      return calls[index] as (typeof calls)[number];
    },
    passMs: (ms: number) => {
      nowMs += ms;
    },
  };
}

describe('questions to a live model', () => {
  it('a thousand requests for one key are one question in one call, and later ones none', async () => {
    const { ask, call, calls, figures } = generation();
    const asked = Array.from({ length: 1_000 }, () => ask('a'));
    (await call(0)).answer();
    expect(new Set((await Promise.all(asked)).map((each) => JSON.stringify(each))).size).toBe(1);
    await ask('a');
    expect(calls.map(({ questions }) => keysOf(questions))).toEqual([['a']]);
    expect([figures.questions, figures.joined, figures.cached]).toEqual([1, 999, 1]);
  });

  it('what waits while a call is at work goes together with the next', async () => {
    const { ask, call } = generation();
    const first = ask('a');
    const { answer } = await call(0);
    const others = [ask('b'), ask('c'), ask('b')];
    answer();
    await first;
    const second = await call(1);
    expect(keysOf(second.questions)).toEqual(['b', 'c']);
    second.answer();
    expect(await Promise.all(others)).toHaveLength(3);
  });

  it('a full queue refuses at once, and lets those that wait be', async () => {
    const { ask, call, figures } = generation({ queue: 2 });
    const first = ask('a');
    const { answer } = await call(0);
    const waiting = [ask('b'), ask('c')];
    await expect(ask('d')).rejects.toMatchObject({ code: 'LIVE_BUSY' });
    await Promise.all([answer(), first]);
    (await call(1)).answer();
    expect(await Promise.all(waiting)).toHaveLength(2);
    expect(figures.refused).toBe(1);
  });

  it('those that wait for too long are told so, and a call that nobody waits for is stopped', async () => {
    const { ask, call, made } = generation({ deadlineSeconds: 0.02 });
    const first = ask('a');
    const second = first.catch(() => {});
    await call(0);
    const late = ask('b');
    await expect(first).rejects.toMatchObject({ code: 'LIVE_UNAVAILABLE' });
    await expect(late).rejects.toMatchObject({ code: 'LIVE_UNAVAILABLE' });
    await second;
    await expect.poll(() => made.isIdle).toBe(true);
  });

  it('questions of a process that died are asked again, one by one: the one that kills it is found', async () => {
    const { ask, call, failures } = generation();
    const asked = ['a', 'poison', 'b'].map(ask);
    const settled = Promise.allSettled(asked);
    (await call(0)).fail(died);
    for (let index = 1; index <= 3; index++) {
      const each = await call(index);
      expect(each.questions).toHaveLength(1);
      if (keysOf(each.questions)[0] === 'poison') each.fail(died);
      else each.answer();
    }
    expect((await settled).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(failures).toEqual(['CHILD_DIED', 'CHILD_DIED']);
  });

  it('a process that fails again and again is left alone, then tried by one question', async () => {
    const { ask, call, calls, made, passMs } = generation();
    for (let index = 0; index < 4; index++) {
      if (index % 2 === 0) void ask(`key ${index}`).catch(() => {});
      if (made.isOpen) break;
      (await call(index)).fail(died);
      await expect.poll(() => made.isOpen || made.waiting > 0 || made.isIdle).toBe(true);
    }
    await expect.poll(() => made.isOpen).toBe(true);
    const before = calls.length;
    await expect(ask('later')).rejects.toMatchObject({ code: 'LIVE_UNAVAILABLE' });
    expect(calls.length).toBe(before);
    passMs(10_000);
    const again = ask('later');
    (await call(before)).answer();
    expect(await again).toEqual({ kind: 'value', text: 'later' });
    expect(made.isOpen).toBe(false);
  });

  it('a run that cannot be asked is not asked again and again', async () => {
    const { ask, call, calls } = generation();
    const first = ask('a');
    (await call(0)).fail(new ServeBatchError('INPUT_CHANGED', 'The file /secret/prices.csv is gone.'));
    await expect(first).rejects.toMatchObject({ code: 'LIVE_UNAVAILABLE' });
    await expect(first).rejects.toThrow(/run the job again/);
    await expect(first).rejects.not.toThrow(/secret/);
    await expect(ask('b')).rejects.toMatchObject({ code: 'LIVE_UNAVAILABLE' });
    expect(calls.length).toBe(1);
  });

  it('answers are kept up to a number, the last asked longest', async () => {
    const { ask, call, calls } = generation({ cache: 2 });
    const answered = async (key: string): Promise<void> => {
      const before = calls.length;
      const answer = ask(key);
      (await call(before)).answer();
      await answer;
    };
    await answered('a');
    await answered('b');
    await ask('a');
    await answered('c');
    await ask('a');
    await answered('b');
    expect(calls.map(({ questions }) => keysOf(questions)[0])).toEqual(['a', 'b', 'c', 'b']);
  });
});
