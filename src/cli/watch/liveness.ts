import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { Clock, Log } from '../../core/effects.ts';
import { makeFolder, writeFileDurably } from '../../core/files/durable-file.ts';
import type { JobProblem } from '../../schedule/job-problems.ts';
import type { Look } from '../../schedule/serve.ts';

const run = promisify(execFile);
const NOTIFY_TIMEOUT_MS = 10_000;
const LOOK_EACH_MS = 60_000;

export interface LivenessOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Takes secrets out of what is written down. */
  readonly mask: (text: string) => string;
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
  readonly problems: readonly JobProblem[];
}

export interface SignsOfLife {
  readonly onLook: (look: Look) => Promise<void>;
  /** Called when it is asked to end. */
  readonly onDrain: () => Promise<void>;
  /** systemd waits no longer for a sign of life; a look each minute is enough for anybody else. */
  readonly longestSilenceMs: number;
}

/**
 * Signs of life of a scheduler, one at each look: for systemd where it started this process (`READY=1`,
 * `WATCHDOG=1`, and `STOPPING=1` at its end), and a file for probes. What fails is said once, and stops nothing.
 */
export function signsOfLife({
  env,
  clock,
  log,
  mask,
  file,
  notify = notifySystemd,
}: LivenessOptions): SignsOfLife {
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
  const tell = async (messages: readonly string[]): Promise<void> => {
    if (env.NOTIFY_SOCKET === undefined) return;
    await attempt('systemd cannot be told that the scheduler is alive', () => notify(messages));
  };
  return {
    async onLook(look) {
      await tell(messagesOf(look));
      if (file === null) return;
      const alive = { at: clock.now().toISOString(), pid: process.pid, ...look };
      await attempt(`${file} cannot be written`, () => writeAlive(file, mask(JSON.stringify(alive))));
    },
    onDrain: () => tell(['STOPPING=1', 'STATUS=ends: shards under way may finish']),
    longestSilenceMs: longestSilence(env.WATCHDOG_USEC),
  };
}

/** As sd_watchdog_enabled(3) advises: half of `WatchdogSec`, which systemd hands over in microseconds. */
function longestSilence(watchdogMicroseconds: string | undefined): number {
  const ms = Number(watchdogMicroseconds ?? '') / 1000 / 2;
  return ms > 0 ? Math.min(ms, LOOK_EACH_MS) : LOOK_EACH_MS;
}

/** `READY=1` may be said again and again. */
function messagesOf({ jobs, running, problems }: Look): readonly string[] {
  const troubled = [...new Set(problems.map(({ job }) => job))];
  const status = [
    `${jobs} scheduled ${jobs === 1 ? 'job' : 'jobs'}`,
    `running: ${running.join(', ') || 'none'}`,
    ...(troubled.length === 0 ? [] : [`with problems: ${troubled.join(', ')}`]),
  ].join('; ');
  return ['READY=1', 'WATCHDOG=1', `STATUS=${status}`];
}

async function notifySystemd(messages: readonly string[]): Promise<void> {
  await run('systemd-notify', [...messages], { timeout: NOTIFY_TIMEOUT_MS });
}

async function writeAlive(file: string, json: string): Promise<void> {
  await makeFolder(dirname(file));
  await writeFileDurably(file, `${json}\n`);
}
