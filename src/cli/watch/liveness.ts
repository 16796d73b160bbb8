import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { Clock, Log } from '../../core/effects.ts';
import { makeFolder, writeFileDurably } from '../../core/files/durable-file.ts';
import type { Look } from '../../schedule/serve.ts';

const run = promisify(execFile);
const NOTIFY_TIMEOUT_MS = 10_000;

export interface LivenessOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Log;
  /** Replaced at each look; null: none is written. */
  readonly file: string | null;
  /** Default: the program `systemd-notify`, since Node has no datagram sockets of the kind that systemd listens to. */
  readonly notify?: (messages: readonly string[]) => Promise<void>;
}

/** `alive.json`: when a scheduler looked at its jobs last. */
export interface AliveFile {
  /** ISO 8601. */
  readonly at: string;
  readonly pid: number;
  readonly jobs: number;
  readonly running: readonly string[];
}

/**
 * Signs of life of a scheduler, one at each look: for systemd where it started this process (`READY=1`,
 * `WATCHDOG=1`), and a file for probes. What fails is said once, and stops nothing.
 */
export function signsOfLife({
  env,
  clock,
  log,
  file,
  notify = notifySystemd,
}: LivenessOptions): (look: Look) => Promise<void> {
  const said = new Set<string>();
  const attempt = async (what: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (said.has(what)) return;
      said.add(what);
      log.warn(`${what}: ${error instanceof Error ? error.message.trim() : String(error)}`);
    }
  };
  return async (look) => {
    if (env.NOTIFY_SOCKET !== undefined)
      await attempt('systemd cannot be told that the scheduler is alive', () => notify(messagesOf(look)));
    if (file !== null)
      await attempt(`${file} cannot be written`, () =>
        writeAlive(file, { at: clock.now().toISOString(), pid: process.pid, ...look }),
      );
  };
}

/** `READY=1` may be said again and again. */
function messagesOf({ jobs, running }: Look): readonly string[] {
  const status = `${jobs} scheduled ${jobs === 1 ? 'job' : 'jobs'}; running: ${running.join(', ') || 'none'}`;
  return ['READY=1', 'WATCHDOG=1', `STATUS=${status}`];
}

async function notifySystemd(messages: readonly string[]): Promise<void> {
  await run('systemd-notify', [...messages], { timeout: NOTIFY_TIMEOUT_MS });
}

async function writeAlive(file: string, alive: AliveFile): Promise<void> {
  await makeFolder(dirname(file));
  await writeFileDurably(file, `${JSON.stringify(alive)}\n`);
}
