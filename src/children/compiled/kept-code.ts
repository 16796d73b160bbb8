import { isAscii } from 'node:buffer';
import { createHash, type Hash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { cachedDataVersionTag } from 'node:v8';
import { Script } from 'node:vm';
import { readPrivateFile, writePrivateFile } from './private-files.ts';

const DIGEST_BYTES = 32;

interface Compiled {
  readonly script: Script;
  readonly path: string;
  /** Of the source; what is kept is hashed after it. */
  readonly digest: Hash;
}

/**
 * What V8 compiled of a few files, kept in a folder that only this user can change, since V8 runs it unseen: data
 * that was changed can make it do anything, or crash. Each file begins with a SHA-256 of the source and of itself.
 * What cannot be read, or does not fit, is compiled anew.
 */
export class KeptCode {
  readonly #folder: string;
  readonly #suffix: string;
  readonly #fresh: Compiled[] = [];

  /** @param role of this process: what it keeps is for those that do the same */
  constructor(folder: string, role: string) {
    this.#folder = folder;
    this.#suffix = `${role}-${fingerprintOfNode()}`;
  }

  /** Runs a file, and returns the value of its last statement. Throws what it throws, and what reading it throws. */
  load(file: string): unknown {
    const source = readFileSync(file);
    const path = join(this.#folder, `${basename(file)}-${this.#suffix}`);
    const digest = createHash('sha256').update(source);
    const cachedData = intact(readPrivateFile(path), digest);
    // V8 keeps a text in one byte a character where that is all it needs, and Node reads it several times as fast.
    const script = new Script(source.toString(isAscii(source) ? 'latin1' : 'utf8'), {
      filename: file,
      ...(cachedData === null ? {} : { cachedData }),
    });
    // V8 has compiled it from its source then.
    if (script.cachedDataRejected !== false) this.#fresh.push({ script, path, digest });
    return script.runInThisContext();
  }

  /** Keeps what was not kept before, with all functions that were needed since. Whether that works changes nothing. */
  save(): void {
    for (const { script, path, digest } of this.#fresh) {
      const data = script.createCachedData();
      writePrivateFile(path, Buffer.concat([digest.copy().update(data).digest(), data]));
    }
  }
}

/** V8 does not look whether the bytes are those that it wrote: Node 20 crashes on one that is not. */
function intact(kept: Buffer | null, ofSource: Hash): Buffer | null {
  if (kept === null) return null;
  const data = kept.subarray(DIGEST_BYTES);
  const digest = ofSource.copy().update(data).digest();
  return digest.equals(kept.subarray(0, DIGEST_BYTES)) ? data : null;
}

/** What V8 compiled is for one build of Node with its flags, on processors that can do the same. */
function fingerprintOfNode(): string {
  const { size, mtimeMs } = statSync(process.execPath);
  const parts = [process.version, process.arch, process.execPath, size, mtimeMs, cachedDataVersionTag()];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}
