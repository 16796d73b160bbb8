import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { ChildPool } from '../../src/children/child-pool.ts';
import { Child } from '../../src/children/child-process.ts';
import { ServeBatchError } from '../../src/core/errors.ts';
import type { TaskOptions, WorkersOptions } from '../../src/tasks/workers.ts';
import { childrenOf, until } from '../support/processes.ts';
import { temporaryFolder } from '../support/project.ts';

const SCRIPTED = fileURLToPath(new URL('./scripted-child.mjs', import.meta.url));
const PLACE = { folder: '/out/sales', storeUrl: null };

interface Who {
  readonly pid: number;
  readonly folder: string;
}

/** A pool of scripted children, which remembers those that it started. */
class ScriptedPool {
  readonly started: ChildProcess[] = [];
  readonly died: ServeBatchError[] = [];
  readonly abort = new AbortController();
  readonly pool: ChildPool;

  constructor(options: Partial<WorkersOptions> = {}, start = () => fork(SCRIPTED), patienceMs?: number) {
    const onDied = (error: ServeBatchError): void => void this.died.push(error);
    this.pool = new ChildPool(
      { size: 2, place: PLACE, signal: this.abort.signal, onDied, ...options },
      () =>
        new Child(() => {
          const child = start();
          this.started.push(child);
          return child;
        }, patienceMs),
    );
    pools.push(this.pool);
  }

  run(script: string, options?: TaskOptions): Promise<unknown> {
    return this.pool.run('describe-model', { path: script }, options);
  }

  who(): Promise<Who> {
    return this.run('who') as Promise<unknown> as Promise<Who>;
  }

  get alive(): number {
    return this.started.filter(({ exitCode, signalCode, pid }) => {
      return pid !== undefined && exitCode === null && signalCode === null;
    }).length;
  }

  /** Once so many children have a task. */
  async atWork(script: string, count: number): Promise<readonly Promise<unknown>[]> {
    let begun = 0;
    const onRows = (): void => void begun++;
    const tasks = Array.from({ length: count }, () => this.run(script, { onRows }));
    for (const task of tasks) task.catch(() => {});
    await until(() => begun === count);
    return tasks;
  }
}

const pools: ChildPool[] = [];
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close();
});

const settled = async (tasks: readonly Promise<unknown>[]): Promise<unknown[]> =>
  (await Promise.allSettled(tasks)).map((end) => (end.status === 'fulfilled' ? end.value : end.reason));

describe('tasks', () => {
  it('go to children that start when they are needed, at most so many, and are told the place once', async () => {
    const pool = new ScriptedPool();
    expect(pool.started).toEqual([]);
    const answers = await Promise.all([pool.who(), pool.who(), pool.who(), pool.who()]);
    expect(pool.started).toHaveLength(2);
    expect(new Set(answers.map(({ pid }) => pid))).toEqual(new Set(pool.started.map(({ pid }) => pid)));
    expect(answers.map(({ folder }) => folder)).toEqual(Array(4).fill('/out/sales'));
  });

  it('throw what the child says, and the child goes on', async () => {
    const pool = new ScriptedPool({ size: 1 });
    await expect(pool.run('fail')).rejects.toMatchObject({ code: 'MODEL_FAILED', message: 'as asked' });
    await pool.who();
    expect(pool.started).toHaveLength(1);
  });

  it('for all go to each child that has had one', async () => {
    const pool = new ScriptedPool({ size: 3 });
    pool.pool.warmUp();
    await Promise.all([pool.who(), pool.who()]);
    expect(pool.started).toHaveLength(3);
    const answers = await pool.pool.runInAll('describe-model', { path: 'who' });
    expect(answers).toHaveLength(2);
  });
});

describe('a task that is told to stop', () => {
  it('throws the reason once its child has stopped, and the child does the next one', async () => {
    const pool = new ScriptedPool({ size: 1 });
    const stop = new AbortController();
    const task = pool.run('wait', { signal: stop.signal, onRows: () => stop.abort(new Error('enough')) });
    await expect(task).rejects.toThrow('enough');
    const { pid } = await pool.who();
    expect(pid).toBe(pool.started[0]?.pid);
    expect(pool.started).toHaveLength(1);
  });

  it('is never begun where it still waits', async () => {
    const pool = new ScriptedPool({ size: 1 });
    await pool.atWork('hang', 1);
    const stop = new AbortController();
    let begun = false;
    const task = pool.run('who', { signal: stop.signal, onRows: () => (begun = true) });
    stop.abort(new Error('enough'));
    await expect(task).rejects.toThrow('enough');
    expect(begun).toBe(false);
  });
});

describe('a child that dies', () => {
  it('fails its task, which says the signal, and another one takes its place', async () => {
    const pool = new ScriptedPool({ size: 1 });
    await expect(pool.run('die')).rejects.toMatchObject({
      code: 'CHILD_DIED',
      message: expect.stringContaining('was ended by SIGKILL before it answered'),
      fields: { signal: 'SIGKILL' },
    });
    await pool.who();
    expect(pool.started).toHaveLength(2);
    expect(pool.died).toMatchObject([{ code: 'CHILD_DIED' }]);
  });

  it('leaves its slot to a task that waits', async () => {
    const pool = new ScriptedPool({ size: 1 });
    const [first, second] = await settled([pool.run('die'), pool.run('who')]);
    expect(first).toMatchObject({ code: 'CHILD_DIED' });
    expect(second).toMatchObject({ pid: pool.started[1]?.pid });
  });

  it('has its task given to another one, where the task may be done twice', async () => {
    const file = join(await temporaryFolder(), 'died');
    const pool = new ScriptedPool({ size: 1 });
    const task = pool.pool.runRetrying('describe-model', { path: `die once: ${file}` });
    const { pid } = (await task) as Partial<Who>;
    expect(pool.started.map((child) => child.pid)).toEqual([expect.any(Number), pid]);
  });

  it('has it given to three in all, and no more', async () => {
    const pool = new ScriptedPool({ size: 1 });
    const task = pool.pool.runRetrying('describe-model', { path: 'die' });
    await expect(task).rejects.toMatchObject({ code: 'CHILD_DIED' });
    expect(pool.started).toHaveLength(3);
  });

  it('gives nothing where all are asked', async () => {
    const pool = new ScriptedPool();
    await pool.who();
    expect(await pool.pool.runInAll('describe-model', { path: 'die' })).toEqual([]);
  });
});

describe('a child that cannot be started', () => {
  const noNode = () => fork(SCRIPTED, { execPath: '/nowhere/node' });
  const notEvenTried = (): never => {
    throw Object.assign(new Error('spawn E2BIG'), { code: 'E2BIG' });
  };

  it.each([
    ['is told later', noNode, 'spawn /nowhere/node ENOENT. Is Node still at '],
    ['is told at once', notEvenTried, 'spawn E2BIG'],
  ])('fails each task that would have had it, and closing ends (%s)', async (_, start, why) => {
    const pool = new ScriptedPool({}, start);
    const ends = await settled(Array.from({ length: 5 }, () => pool.run('who')));
    expect(ends).toHaveLength(5);
    for (const end of ends)
      expect(end).toMatchObject({
        code: 'CHILD_DIED',
        message: expect.stringContaining(`A child process could not be started: ${why}`),
      });
    await pool.pool.close();
  });

  it('is harmless while nobody needs it', async () => {
    const pool = new ScriptedPool({ size: 3 }, noNode);
    pool.pool.warmUp();
    await until(() => pool.died.length === 3);
    await pool.pool.close();
  });
});

describe('closing', () => {
  it('throws for what waits and what is at work, and starts nobody', async () => {
    const pool = new ScriptedPool();
    const atWork = await pool.atWork('hang', 2);
    const waiting = Array.from({ length: 14 }, () => pool.run('who'));
    const ends = settled([...atWork, ...waiting]);
    await pool.pool.close();
    expect(pool.alive).toBe(0);
    for (const end of await ends)
      expect(end).toMatchObject({ message: 'The child processes were closed before the task was done.' });
    expect(pool.started).toHaveLength(2);
    await expect(pool.run('who')).rejects.toThrow('were closed');
    pool.pool.warmUp();
    expect(pool.started).toHaveLength(2);
    expect(pool.died).toEqual([]);
  });

  it('gives no second try to a task whose child it ended', async () => {
    const pool = new ScriptedPool({ size: 1 });
    let begun = false;
    const task = pool.pool.runRetrying('describe-model', { path: 'hang' }, { onRows: () => (begun = true) });
    const end = settled([task]);
    await until(() => begun);
    await pool.pool.close();
    expect(await end).toMatchObject([{ code: 'INTERNAL' }]);
    expect(pool.started).toHaveLength(1);
  });

  it('waits for children that are still starting', async () => {
    const pool = new ScriptedPool({ size: 4 });
    pool.pool.warmUp();
    await pool.pool.close();
    expect(pool.started).toHaveLength(4);
    expect(pool.alive).toBe(0);
  });

  it('may be done twice, also at the same time', async () => {
    const pool = new ScriptedPool();
    await pool.who();
    await Promise.all([pool.pool.close(), pool.pool.close()]);
    await pool.pool.close();
    expect(pool.alive).toBe(0);
  });

  it('leaves no process of a hundred pools whose tasks fail', async () => {
    const before = childrenOf(process.pid);
    // A program that ends at once, whatever it is given: two in each pool.
    const dies = () => fork(SCRIPTED, { execPath: 'false' });
    for (let time = 0; time < 100; time++) {
      const pool = new ScriptedPool({}, dies);
      pool.pool.warmUp();
      await expect(pool.run('who')).rejects.toMatchObject({ code: 'CHILD_DIED' });
      await pool.pool.close();
    }
    expect(childrenOf(process.pid)).toEqual(before);
  });
});

/** SIGSTOP: nothing but SIGKILL and SIGCONT does anything to it, and its channel stays open. */
describe('a child that is silent', () => {
  const PATIENCE_MS = 50;
  const stopped = (): ChildProcess => {
    const child = fork(SCRIPTED);
    child.kill('SIGSTOP');
    return child;
  };

  it('since it was stopped before it said anything: its task is given up when it is told to stop', async () => {
    const pool = new ScriptedPool({}, stopped, PATIENCE_MS);
    const abort = new AbortController();
    const task = pool.run('who', { signal: abort.signal });
    setTimeout(() => abort.abort(new Error('no longer wanted')), PATIENCE_MS);
    await expect(task).rejects.toThrow('no longer wanted');
    await until(() => pool.alive === 0);
  });

  it('in the middle of a task: the task is given up, and another child does the next one', async () => {
    const pool = new ScriptedPool({ size: 1 }, undefined, PATIENCE_MS);
    const abort = new AbortController();
    const onRows = (): void => void setTimeout(() => abort.abort(new Error('too long')), PATIENCE_MS);
    await expect(pool.run('stop', { signal: abort.signal, onRows })).rejects.toThrow('too long');
    const { pid } = await pool.who();
    expect(pid).toBe(pool.started[1]?.pid);
  });

  it('is ended by a signal at once, and by closing once its patience is over', async () => {
    const signalled = new ScriptedPool({}, undefined, 3_600_000);
    const [task] = await signalled.atWork('stop', 1);
    const reason = new Error('Ended by SIGTERM.');
    signalled.abort.abort(reason);
    await expect(task).rejects.toBe(reason);
    const closed = new ScriptedPool({}, undefined, PATIENCE_MS);
    await closed.atWork('stop', 1);
    await closed.pool.close();
    await until(() => signalled.alive + closed.alive === 0);
  });
});

describe('the signal', () => {
  it('throws its reason for what waits and what is at work, kills the children, and starts nobody', async () => {
    const pool = new ScriptedPool();
    const reason = new ServeBatchError('SIGINT', 'Ended by SIGINT.');
    const atWork = await pool.atWork('hang', 2);
    const ends = settled([...atWork, ...Array.from({ length: 14 }, () => pool.run('who'))]);
    pool.abort.abort(reason);
    expect(new Set(await ends)).toEqual(new Set([reason]));
    await until(() => pool.alive === 0);
    await expect(pool.run('who')).rejects.toBe(reason);
    expect(pool.started).toHaveLength(2);
    await pool.pool.close();
  });

  it('keeps a pool from starting at all where it came first', async () => {
    const pool = new ScriptedPool({ signal: AbortSignal.abort(new Error('ended')) });
    pool.pool.warmUp();
    await expect(pool.run('who')).rejects.toThrow('ended');
    expect(pool.started).toEqual([]);
  });
});
