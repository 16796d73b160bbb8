import { ServeBatchError } from '../../core/errors.ts';

/** Where engines say which task of an array this one is, from 0. */
export const ARRAY_VARIABLES = [
  'JOB_COMPLETION_INDEX',
  'AWS_BATCH_JOB_ARRAY_INDEX',
  'CLOUD_RUN_TASK_INDEX',
  'BATCH_TASK_INDEX',
  'SLURM_ARRAY_TASK_ID',
] as const;

export interface ArrayTask {
  readonly variable: (typeof ARRAY_VARIABLES)[number];
  readonly index: number;
}

/** Which task of an array job this process is; null: of none. Throws `USAGE` where variables disagree. */
export function arrayTaskOf(env: Readonly<Record<string, string | undefined>>): ArrayTask | null {
  const found = ARRAY_VARIABLES.flatMap((variable) => {
    const text = env[variable];
    return text === undefined || text === '' ? [] : [{ variable, index: indexOf(variable, text) }];
  });
  const [first] = found;
  if (first === undefined) return null;
  const other = found.find(({ index }) => index !== first.index);
  if (other === undefined) return first;
  throw new ServeBatchError(
    'USAGE',
    `${first.variable} is ${first.index} and ${other.variable} is ${other.index}: which task is this? Say it with --group.`,
  );
}

function indexOf(variable: string, text: string): number {
  const index = Number(text);
  if (Number.isSafeInteger(index) && index >= 0 && /^\d+$/.test(text)) return index;
  throw new ServeBatchError(
    'USAGE',
    `${variable} is "${text}"; expected the number of a task, from 0. Say the task with --group.`,
  );
}
