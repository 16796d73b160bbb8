import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { MAIN } from '../../test/support/built.ts';
import { cleanEnvironment } from '../../test/support/cli.ts';
import { until } from '../../test/support/processes.ts';

export const LOCK_SECONDS = 2;

/** A worker in a process group of its own. */
export interface CampaignWorker {
  readonly child: ChildProcess;
  readonly stderr: () => string;
  signal(signal: NodeJS.Signals): void;
}

/** @param prefix stands before the command, where it runs in a network of its own */
export async function startWorker(
  queue: string,
  folder: string,
  prefix: readonly string[] = [],
): Promise<CampaignWorker> {
  const [command = '', ...args] = [
    ...prefix,
    ...[process.execPath, MAIN, 'worker', '--queue', queue],
    ...['--processes', '1', '--lock', `${LOCK_SECONDS}s`],
  ];
  const child = spawn(command, args, {
    cwd: folder,
    env: cleanEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  await until(() => text.includes('takes shards from the queue'), 120_000);
  return {
    child,
    stderr: () => text,
    signal: (signal) => {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
        process.kill(-child.pid, signal);
    },
  };
}

/** Ends well: its exit code. */
export async function endWorker({ child }: CampaignWorker): Promise<number | null> {
  const ended = once(child, 'close');
  child.kill('SIGTERM');
  await ended;
  return child.exitCode;
}
