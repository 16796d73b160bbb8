import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

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
const HEADER_BYTES = 128;
/** The word's other bits say that somebody waits, and that its owner has died. */
const THREAD_BITS = 0x3f_ff_ff_ff;

/**
 * Who holds a lock of one of the job's files in the folder and was stopped. LMDB waits for such a process for ever: it
 * lets go of the locks of processes that die, and of no others. The files are read, and not opened as LMDB does.
 */
export async function findStoppedWriter(folder: string, job: string): Promise<StoppedWriter | null> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(`${job}.`) || !name.endsWith('-lock')) continue;
    const file = join(folder, name);
    for (const pid of await holdersOf(file)) if (await isStoppedWith(pid, file)) return { pid, file };
  }
  return null;
}

async function holdersOf(file: string): Promise<readonly number[]> {
  try {
    const handle = await open(file, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
      if (bytesRead < HEADER_BYTES) return [];
      return MUTEX_WORDS.map((at) => buffer.readUInt32LE(at) & THREAD_BITS).filter((thread) => thread > 0);
    } finally {
      await handle.close();
    }
  } catch {
    // It was dropped, or may not be read.
    return [];
  }
}

/** Whether a thread of this machine was stopped, and has mapped the file, as far as can be seen. */
async function isStoppedWith(thread: number, file: string): Promise<boolean> {
  const stat = await readFile(`/proc/${thread}/stat`, 'utf8').catch(() => '');
  // The second field is the program's name in brackets, with any characters in it.
  if (!/^[Tt]/.test(stat.slice(stat.lastIndexOf(')') + 2))) return false;
  const maps = await readFile(`/proc/${thread}/maps`, 'utf8').catch(() => null);
  return maps === null || maps.includes(file);
}
