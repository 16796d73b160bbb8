import { ServeBatchError } from '../../../src/core/errors.ts';
import type { LiveQuestion } from '../../../src/shard/live/live-question.ts';
import type { OwnedWorkers, StartWorkers } from '../../../src/tasks/workers.ts';

/** One call of the model, which is answered when the test says so. */
export interface HeldCall {
  readonly runId: string;
  readonly questions: readonly LiveQuestion[];
  /** Each question gets a value that names the run: 1 of `g1`, 2 of `g2`. */
  answer(): void;
  /** As if its process had been killed. */
  die(): void;
}

export interface HeldModel {
  readonly calls: readonly HeldCall[];
  readonly startWorkers: StartWorkers;
  /** From now on every call is answered at once. */
  release(): void;
}

/** A live model in this process: what is asked of it waits until the test has seen what it wants to see. */
export function heldModel(): HeldModel {
  const calls: HeldCall[] = [];
  let isHeld = true;
  const columns = [
    { name: 'store', type: 'INTEGER' },
    { name: 'price', type: 'DOUBLE' },
  ];
  const ask = (runId: string, questions: readonly LiveQuestion[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const text = runId.slice(1);
      const call: HeldCall = {
        ...{ runId, questions },
        answer: () => resolve(questions.map(() => ({ kind: 'value', text }))),
        die: () => reject(new ServeBatchError('CHILD_DIED', 'The child process ended.')),
      };
      calls.push(call);
      if (!isHeld) call.answer();
    });
  const run = (task: string, request: { runId: string; questions: readonly LiveQuestion[] }) =>
    task === 'live-answer'
      ? ask(request.runId, request.questions)
      : Promise.resolve({ columns, features: null, matrix: null });
  return {
    calls,
    startWorkers: () => ({ run, close: async () => {} }) as unknown as OwnedWorkers,
    release() {
      isHeld = false;
      for (const call of calls) call.answer();
    },
  };
}
