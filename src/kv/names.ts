import { ServeBatchError } from '../core/errors.ts';

/** Names that stand where a generation's would in the keys of Redis. */
const RESERVED = ['current', 'canary', 'generations', 'fence', 'ping'];

/** A job's name becomes part of file names and keys. Throws `USAGE` for one that cannot. */
export function checkJobName(job: string): void {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(job)) return;
  throw new ServeBatchError(
    'USAGE',
    `The job name ${JSON.stringify(job)} cannot be used in a key-value store. Use letters, digits, "_", "-" and "." only.`,
    { fields: { job } },
  );
}

/** A generation is named after its run, so that it has neither a dot nor a colon. Throws `USAGE`. */
export function checkGeneration(generation: string): void {
  if (/^[A-Za-z0-9_-]+$/.test(generation) && !RESERVED.includes(generation)) return;
  throw new ServeBatchError(
    'USAGE',
    `The generation name ${JSON.stringify(generation)} cannot be used in a key-value store. Give a run id such as 20261121T000000Z-k3x9.`,
    { fields: { generation } },
  );
}
