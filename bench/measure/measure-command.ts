import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { type ProcessState, readProcessTree } from './process-tree.ts';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** A file for standard input. */
  readonly stdin?: string;
}

export interface PeakMemory {
  /** Peak resident bytes of the process that had most (VmHWM). */
  readonly largestBytes: number;
  /** The same without pages of files, which the kernel can take back; highest of the samples. */
  readonly largestAnonymousBytes: number;
  /** Highest sum of the resident bytes of all processes in one sample; shared pages count in each. */
  readonly togetherBytes: number;
}

export interface MeasuredCommand {
  readonly stdout: string;
  /** Instants by the clock of the machine, milliseconds since 1970. */
  readonly startedMs: number;
  readonly endedMs: number;
  readonly wallSeconds: number;
  /** Of the command and of everything it started and waited for. */
  readonly cpuSeconds: number;
  readonly memory: PeakMemory;
}

const SAMPLE_MS = 25;
/** bash counts what its children and theirs used (getrusage), to the millisecond. */
const WITH_TIMES = '"$@"; code=$?; times >&3; exit $code';

/** Runs a command to its end and measures its processes. Throws where it fails, with what it printed. */
export async function measureCommand({ program, args, cwd, stdin }: Command): Promise<MeasuredCommand> {
  const input = stdin === undefined ? null : openSync(stdin, 'r');
  try {
    const startedMs = Date.now();
    const start = performance.now();
    const child = spawn('bash', ['-c', WITH_TIMES, 'bench', program, ...args], {
      cwd,
      env: cleanEnvironment(),
      stdio: [input ?? 'ignore', 'pipe', 'pipe', 'pipe'],
      // A process group of its own, which ends with the benchmark.
      detached: true,
    });
    const killGroup = (): void => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    };
    process.once('exit', killGroup);
    const sampler = new MemorySampler(child.pid ?? -1);
    const texts = [child.stdio[1], child.stdio[2], child.stdio[3] as Readable].map(readText);
    // A command that cannot be started must not leave the sampler running.
    const [code] = (await once(child, 'exit').finally(() => sampler.stop())) as [number | null];
    const wallSeconds = (performance.now() - start) / 1000;
    const endedMs = Date.now();
    process.off('exit', killGroup);
    const memory = sampler.stop();
    const [stdout = '', stderr = '', times = ''] = await Promise.all(texts);
    if (code !== 0)
      throw new Error(`${[program, ...args].join(' ')} ended with ${code}:\n${stdout.slice(-2000)}${stderr}`);
    return { stdout, startedMs, endedMs, wallSeconds, cpuSeconds: childSeconds(times), memory };
  } finally {
    if (input !== null) closeSync(input);
  }
}

/** The second line of `times`: user and system time of the shell's children, `0m1.234s 0m0.100s`. */
export function childSeconds(times: string): number {
  const line = times.trim().split('\n')[1] ?? '';
  const parts = [...line.matchAll(/(\d+)m([\d.]+)s/g)];
  if (parts.length !== 2) throw new Error(`bash printed no times: ${JSON.stringify(times)}`);
  return parts.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
}

class MemorySampler {
  readonly #root: number;
  readonly #timer: NodeJS.Timeout;
  #largest = 0;
  #largestAnonymous = 0;
  #together = 0;

  constructor(root: number) {
    this.#root = root;
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
  }

  stop(): PeakMemory {
    clearInterval(this.#timer);
    return {
      largestBytes: this.#largest,
      largestAnonymousBytes: this.#largestAnonymous,
      // A peak between two samples shows in the largest only.
      togetherBytes: Math.max(this.#together, this.#largest),
    };
  }

  #sample(): void {
    // The shell around the command is ours.
    const processes = readProcessTree(this.#root).filter(({ pid }) => pid !== this.#root);
    const largest = (of: (state: ProcessState) => number) => Math.max(0, ...processes.map(of));
    this.#largest = Math.max(
      this.#largest,
      largest(({ peakResidentBytes }) => peakResidentBytes),
    );
    this.#largestAnonymous = Math.max(
      this.#largestAnonymous,
      largest(({ anonymousBytes }) => anonymousBytes),
    );
    this.#together = Math.max(
      this.#together,
      processes.reduce((sum, { residentBytes }) => sum + residentBytes, 0),
    );
  }
}

async function readText(stream: Readable | null): Promise<string> {
  let text = '';
  if (stream === null) return text;
  for await (const piece of stream.setEncoding('utf8')) text += piece;
  return text;
}

/** Settings of serve-batch and Node in the caller's environment are not part of the measurement. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const foreign = /^(SERVE_BATCH_|NODE_OPTIONS$|OMP_|npm_)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}
