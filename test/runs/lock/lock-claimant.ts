import { systemClock } from '../../../src/core/effects.ts';
import { ServeBatchError } from '../../../src/core/errors.ts';
import { acquireLock, type JobLock } from '../../../src/runs/lock/lock.ts';

/**
 * A process of its own that takes the lock of the folder in its first argument when it is told to, and
 * answers with the token or the error's code. It ends when its parent does.
 */
export type ClaimantCommand = 'acquire' | 'release';
export type ClaimantAnswer =
  | { readonly token: number; readonly lineage: string }
  | { readonly code: string }
  | 'ready'
  | 'released';

const folder = process.argv[2] ?? '';
let lock: JobLock | undefined;

async function obey(command: ClaimantCommand): Promise<ClaimantAnswer> {
  if (command === 'release') {
    await lock?.release();
    lock = undefined;
    return 'released';
  }
  try {
    lock = await acquireLock(folder, { clock: systemClock });
    return { token: lock.token, lineage: lock.lineage };
  } catch (error) {
    return { code: error instanceof ServeBatchError ? error.code : String(error) };
  }
}

function answer(message: ClaimantAnswer): void {
  process.send?.(message);
}

process.on('message', (command: ClaimantCommand) => {
  obey(command).then(answer, (error: unknown) => answer({ code: String(error) }));
});
process.on('disconnect', () => process.exit());
answer('ready');
