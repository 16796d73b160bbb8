import { describe, expect, it } from 'vitest';
import { type Log, type LogFields, silentLog } from '../../src/core/effects.ts';
import { type ErrorCode, ServeBatchError, serializeError } from '../../src/core/errors.ts';
import type { ShardPlan } from '../../src/core/plan.ts';
import { runShards } from '../../src/jobs/run-shards.ts';
import type { RunShardsRequest } from '../../src/tasks/shard-engine.ts';
import type { LoadReport } from '../../src/tasks/store-loads.ts';
import type { ShardOutcome, ShardTask } from '../../src/tasks/tasks.ts';
import type { TaskOptions, Workers } from '../../src/tasks/workers.ts';
import { FENCE } from '../kv/store-contract.ts';
import { samplePlan, sampleShard } from '../runs/sample-run.ts';

type Answer = (
  task: ShardTask,
  onRows: (rows: number) => void,
) => Partial<ShardOutcome> | Promise<Partial<ShardOutcome>>;

/** Workers without processes: it remembers the tasks and answers as it is told. */
class FakeWorkers {
  readonly tasks: ShardTask[] = [];
  /** How many tasks it had had by each end of its loads. */
  readonly finished: number[] = [];
  lastStoreError: LoadReport['storeError'] = null;
  readonly #answer: Answer;

  constructor(answer: Answer) {
    this.#answer = answer;
  }

  async runInAll(): Promise<LoadReport[]> {
    this.finished.push(this.tasks.length);
    return [{ stageSeconds: 0, storeError: this.lastStoreError }];
  }

  async run(_name: string, task: ShardTask, { onRows = () => {} }: TaskOptions): Promise<ShardOutcome> {
    this.tasks.push(task);
    const record = sampleShard(task.index === 0 ? 0 : 1, { index: task.index });
    return {
      record,
      callRows: null,
      stageSeconds: 0,
      storeError: null,
      ...(await this.#answer(task, onRows)),
    };
  }
}

const fails = (code: ErrorCode): never => {
  throw new ServeBatchError(code, `${code} it was`, { fields: { row: 7 } });
};

function shardsOf(count: number, rows: number): readonly ShardPlan[] {
  return Array.from({ length: count }, (_, index) => ({
    index,
    rowStart: index * rows,
    rowEnd: (index + 1) * rows,
  }));
}

interface Outcome {
  readonly attempts: string[];
  readonly finished: readonly number[];
  readonly committed: number[];
  readonly rows: number;
  readonly error: unknown;
}

async function run(answer: Answer, changes: Partial<RunShardsRequest> = {}): Promise<Outcome> {
  const workers = new FakeWorkers(answer);
  const committed: number[] = [];
  let rows = 0;
  const error = await runShards({
    plan: samplePlan(),
    folderOfJob: '.',
    run: { runId: samplePlan().runId, memoryLimit: '1GB' },
    shards: [0, 1, 2, 3].map((index) => ({ index, rowStart: index * 5, rowEnd: index * 5 + 5 })),
    workers: workers as unknown as Workers,
    processes: 1,
    retries: 1,
    loadUnder: FENCE,
    mapsStore: false,
    rejectLimit: () => ({ policy: samplePlan().onInvalid, before: 0 }),
    signal: new AbortController().signal,
    log: silentLog,
    onRows: (count) => {
      rows += count;
    },
    onLoads: () => {},
    onCallRows: async () => {},
    onShard: ({ index }) => {
      committed.push(index);
    },
    ...changes,
  }).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return {
    attempts: workers.tasks.map(({ index, attempt }) => `${index}.${attempt}`),
    finished: workers.finished,
    committed,
    rows,
    error,
  };
}

describe('shards', () => {
  it('are computed once each, and told as they are committed', async () => {
    const { attempts, committed, error } = await run(() => ({}));
    expect(error).toBeNull();
    expect(attempts).toEqual(['0.1', '1.1', '2.1', '3.1']);
    expect(committed).toEqual([0, 1, 2, 3]);
  });

  it('go to as many children at once as there are processes', async () => {
    let atWork = 0;
    let most = 0;
    await run(
      async () => {
        most = Math.max(most, ++atWork);
        await new Promise((resolve) => setImmediate(resolve));
        atWork -= 1;
        return {};
      },
      { processes: 3 },
    );
    expect(most).toBe(3);
  });
});

describe('workers that map the file of a store', () => {
  const shards = shardsOf(150, 62_500);

  it('let go of it now and then, all of them while none has a shard', async () => {
    let atWork = 0;
    const answer = async () => {
      atWork++;
      await new Promise((resolve) => setImmediate(resolve));
      atWork--;
      return {};
    };
    const { finished, committed, error } = await run(answer, { shards, processes: 2, mapsStore: true });
    expect(error).toBeNull();
    expect(finished).toEqual([64, 128, 150]);
    expect(atWork).toBe(0);
    expect(committed).toHaveLength(150);
  });

  it('do so by rows: after fewer shards where these are larger', async () => {
    const larger = { shards: shardsOf(10, 750_000), processes: 1, mapsStore: true };
    expect((await run(() => ({}), larger)).finished).toEqual([3, 6, 9, 10]);
  });

  it.each<[what: string, changes: Partial<RunShardsRequest>, finished: readonly number[]]>([
    ['once, at the end, where no file is mapped', { mapsStore: false }, [150]],
    ['never where no store is loaded', { mapsStore: true, loadUnder: null }, []],
    ['once where every shard is done already', { mapsStore: true, shards: [] }, [0]],
  ])('do so %s', async (_, changes, finished) => {
    expect((await run(() => ({}), { shards, ...changes })).finished).toEqual(finished);
  });
});

describe('a run that is asked to end', () => {
  it('starts no shard any more, keeps those under way, and ends with the reason', async () => {
    const drain = new AbortController();
    const reason = new ServeBatchError('SIGTERM', 'ended');
    const { attempts, committed, error } = await run(
      ({ index }) => {
        if (index === 1) drain.abort(reason);
        return {};
      },
      { drain: drain.signal, processes: 2 },
    );
    expect(error).toBe(reason);
    expect(attempts).toEqual(['0.1', '1.1']);
    expect(committed).toEqual([0, 1]);
  });

  it('says at once what it finishes, and how to stop now', async () => {
    const said: string[] = [];
    const log: Log = { ...silentLog, info: (message) => said.push(message) };
    for (const [code, processes] of [
      ['SIGINT', 2],
      ['SIGTERM', 1],
    ] as const) {
      const drain = new AbortController();
      const answer = async () => {
        await new Promise((resolve) => setImmediate(resolve));
        drain.abort(new ServeBatchError(code, 'ended'));
        return {};
      };
      await run(answer, { drain: drain.signal, processes, log });
    }
    expect(said).toEqual([
      'finishing 2 shards; press Ctrl-C again to stop now',
      'finishing 1 shard; send SIGTERM again to stop now',
    ]);
  });

  it('does not try a shard again', async () => {
    const drain = new AbortController();
    const reason = new ServeBatchError('SIGTERM', 'ended');
    const answer = (): never => {
      drain.abort(reason);
      return fails('CHILD_DIED');
    };
    const { attempts, error } = await run(answer, { drain: drain.signal });
    expect(error).toBe(reason);
    expect(attempts).toEqual(['0.1']);
  });
});

describe('a shard that fails', () => {
  it.each<ErrorCode>(['CHILD_DIED', 'INTERNAL'])('with %s is tried again', async (code) => {
    const { attempts, committed, error } = await run(({ index, attempt }) =>
      index === 1 && attempt === 1 ? fails(code) : {},
    );
    expect(error).toBeNull();
    expect(attempts).toEqual(['0.1', '1.1', '1.2', '2.1', '3.1']);
    expect(committed).toEqual([0, 1, 2, 3]);
  });

  it('takes its rows back before it is tried again', async () => {
    const { rows } = await run(({ index, attempt }, onRows) => {
      onRows(index === 1 && attempt === 1 ? 3 : 5);
      return index === 1 && attempt === 1 ? fails('CHILD_DIED') : {};
    });
    expect(rows).toBe(20);
  });

  it('ends the run after its last retry, named by its number and rows', async () => {
    const { attempts, committed, error } = await run(({ index }) => (index === 1 ? fails('CHILD_DIED') : {}));
    expect(attempts).toEqual(['0.1', '1.1', '1.2']);
    expect(committed).toEqual([0]);
    expect(error).toMatchObject({
      code: 'CHILD_DIED',
      message: 'Shard 1 (rows 6 to 10) failed 2 times; the last time: CHILD_DIED it was',
      fields: { row: 7, shard: 1 },
    });
  });

  it.each<ErrorCode>(['INVALID_ROW', 'INPUT_UNREADABLE', 'MODEL_FAILED', 'DISK_FULL'])(
    'with %s is not tried again',
    async (code) => {
      const { attempts, error } = await run(({ index }) => (index === 1 ? fails(code) : {}));
      expect(attempts).toEqual(['0.1', '1.1']);
      expect(error).toMatchObject({ code, message: `${code} it was`, fields: { shard: 1 } });
    },
  );

  it('lets the shards under way finish and be committed', async () => {
    let finish: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const { attempts, committed, error } = await run(
      async ({ index }) => {
        if (index === 0) await held;
        else {
          setImmediate(finish);
          fails('INVALID_ROW');
        }
        return {};
      },
      { processes: 2 },
    );
    expect(attempts).toEqual(['0.1', '1.1']);
    expect(committed).toEqual([0]);
    expect(error).toMatchObject({ code: 'INVALID_ROW' });
  });
});

it('ends the run with what is thrown when a shard is told', async () => {
  const limit = new ServeBatchError('REJECTS_OVER_LIMIT', 'too many');
  const { attempts, error } = await run(() => ({}), {
    onShard: () => {
      throw limit;
    },
  });
  expect(attempts).toEqual(['0.1']);
  expect(error).toMatchObject({ code: 'REJECTS_OVER_LIMIT', message: 'too many', exitCode: 5 });
});

it('ends with the reason of the signal, without another attempt', async () => {
  const controller = new AbortController();
  const reason = new ServeBatchError('SIGINT', 'interrupted');
  const { attempts, error } = await run(
    () => {
      controller.abort(reason);
      return fails('CHILD_DIED');
    },
    { signal: controller.signal },
  );
  expect(attempts).toEqual(['0.1']);
  expect(error).toBe(reason);
});

describe('a store that fails', () => {
  it('is left alone from then on; the shards are computed all the same', async () => {
    const warnings: (string | LogFields | undefined)[][] = [];
    const log: Log = { ...silentLog, warn: (...args) => warnings.push(args) };
    const storeError = serializeError(new ServeBatchError('STORE_UNAVAILABLE', 'no answer'));
    const loads: unknown[] = [];
    const { committed, error } = await run(
      ({ index, loadUnder }) => {
        loads.push(loadUnder);
        return index === 1 ? { storeError } : {};
      },
      { log },
    );
    expect(error).toBeNull();
    expect(committed).toEqual([0, 1, 2, 3]);
    expect(loads).toEqual([FENCE, FENCE, null, null]);
    expect(warnings).toEqual([
      [expect.stringContaining('store cannot be loaded now'), { reason: 'no answer' }],
    ]);
  });
});
