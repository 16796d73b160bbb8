import { execFile } from 'node:child_process';
import { readdir, readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A process that stands still (SIGSTOP, a debugger) and holds a lock that others wait for. */
export interface StoppedWriter {
  readonly pid: number;
  readonly file: string;
}

/**
 * Where the words of LMDB's mutexes lie in its lock file: of its readers, of who writes, of who flushes. Each holds the
 * number of the thread that has it (glibc on 64 bits; on other systems no such thread is found, and nobody counts as
 * stopped).
 */
const MUTEX_WORDS = [24, 64, 104];
/** The word's other bits say that somebody waits, and that its owner has died. */
const THREAD_BITS = 0x3f_ff_ff_ff;
const PRINT_HEADER = `
const bytes = Buffer.alloc(128);
require('node:fs').readSync(require('node:fs').openSync(process.argv[1]), bytes, 0, 128, 0);
process.stdout.write(bytes.toString('hex'));`;

/**
 * Who holds a lock of one of the job's files in the folder and was stopped. LMDB waits for such a process for ever: it
 * lets go of the locks of processes that die, and of no others.
 */
export async function findStoppedWriter(folder: string, job: string): Promise<StoppedWriter | null> {
  const prefix = join(await realpath(folder).catch(() => folder), `${job}.`);
  for (const name of await readdir('/proc').catch(() => [])) {
    const pid = Number(name);
    if (!(pid > 0) || !(await isStopped(pid))) continue;
    for (const file of await lockFilesOf(pid, prefix)) if (await holdsLock(pid, file)) return { pid, file };
  }
  return null;
}

async function isStopped(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field is the program's name in brackets, with any characters in it.
  return /^[Tt]/.test(stat.slice(stat.lastIndexOf(')') + 2));
}

async function lockFilesOf(pid: number, prefix: string): Promise<ReadonlySet<string>> {
  const maps = await readFile(`/proc/${pid}/maps`, 'utf8').catch(() => '');
  const paths = maps.split('\n').map((line) => line.slice(line.indexOf('/')));
  return new Set(paths.filter((path) => path.startsWith(prefix) && path.endsWith('-lock')));
}

/**
 * Read by a process of its own: one that closes the lock file, and has it open through LMDB as well, would lose the
 * locks by which LMDB knows that it is there.
 */
async function holdsLock(pid: number, file: string): Promise<boolean> {
  try {
    const threads = new Set((await readdir(`/proc/${pid}/task`)).map(Number));
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', PRINT_HEADER, file]);
    const header = Buffer.from(stdout, 'hex');
    return MUTEX_WORDS.some((at) => threads.has(header.readUInt32LE(at) & THREAD_BITS));
  } catch {
    // It has ended, or the file was dropped.
    return false;
  }
}
