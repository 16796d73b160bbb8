import { readdir, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../../core/effects.ts';
import { removeFile, writeFileDurably } from '../../core/files/durable-file.ts';
import { type Mirror, sharedMirrorOf } from '../../core/files/mirror.ts';
import { createFileExclusively } from '../../storage/local/exclusive-file.ts';
import { isMissing, type JsonFile, jsonText, parseJson, readJsonFile } from '../json-file.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** Who holds a job's lock. */
export interface LockHolder extends ProcessIdentity {
  /** When the lock was taken, ISO 8601. */
  readonly since: string;
  /** The command line, without passwords. */
  readonly command: string;
  /** The run that it works on, once it is known. */
  readonly runId: string | null;
}

/** The content of a claim file. `broken`: a crash left it empty, or someone edited it. */
export type Claim =
  | { readonly state: 'held'; readonly holder: LockHolder; readonly lastSignMs: number }
  | { readonly state: 'broken'; readonly lastSignMs: number }
  | { readonly state: 'released' }
  | { readonly state: 'missing' };

const holderSchema: z.ZodType<LockHolder> = z.object({
  runPid: z.int().positive(),
  host: z.string(),
  startTicks: z.number().nullable(),
  bootId: z.string().nullable(),
  pidNamespace: z.string().nullable(),
  since: z.string(),
  command: z.string(),
  runId: z.string().nullable(),
});

const claimSchema = z.union([z.object({ released: z.literal(true) }), holderSchema]);

/**
 * Claims that stay behind the newest one. One would do, but a folder that is listed while claims come
 * and go may show neither the old nor the new one; it cannot miss this many.
 */
const CLAIMS_KEPT = 8;

export function claimPath(folder: string, token: number): string {
  return join(folder, `${String(token).padStart(8, '0')}.json`);
}

/** The newest claim's token: 0 where there is none. */
export async function highestToken(folder: string): Promise<number> {
  return Math.max(0, ...(await tokens(folder)));
}

/** Takes a token; false where another process has it already. */
export async function createClaim(folder: string, token: number, holder: LockHolder): Promise<boolean> {
  return createFileExclusively(claimPath(folder, token), jsonText(holder));
}

/** A claim with the time of its last sign of life: the file's modification time. */
export async function readClaim(folder: string, token: number, clock: Clock): Promise<Claim> {
  const path = claimPath(folder, token);
  const mirror = sharedMirrorOf(path);
  if (mirror !== undefined) return readMirroredClaim(mirror, path, clock);
  try {
    const lastSignMs = (await stat(path)).mtimeMs;
    return claimOf(await readJsonFile(path, claimSchema), lastSignMs);
  } catch (error) {
    if (isMissing(error)) return { state: 'missing' };
    throw error;
  }
}

/** How long its holder has been silent is told by the clock of the storage alone: those of two machines may differ. */
async function readMirroredClaim(mirror: Mirror, path: string, clock: Clock): Promise<Claim> {
  const found = await mirror.read(path);
  if (found === null) return { state: 'missing' };
  return claimOf(parseJson(found.text, claimSchema), clock.now().getTime() - found.ageMs);
}

function claimOf(file: JsonFile<z.infer<typeof claimSchema>>, lastSignMs: number): Claim {
  if (file.state !== 'valid') return { state: file.state, lastSignMs };
  return 'released' in file.value ? { state: 'released' } : { state: 'held', holder: file.value, lastSignMs };
}

/** By its holder alone. */
export async function rewriteClaim(
  folder: string,
  token: number,
  content: z.infer<typeof claimSchema>,
): Promise<void> {
  await writeFileDurably(claimPath(folder, token), jsonText(content));
}

/** A sign of life. Nothing in a bucket has its time changed alone: there its holder writes it once more. */
export async function signClaim(
  folder: string,
  token: number,
  holder: LockHolder,
  clock: Clock,
): Promise<void> {
  const path = claimPath(folder, token);
  if (sharedMirrorOf(path) !== undefined) return rewriteClaim(folder, token, holder);
  const now = clock.now();
  await utimes(path, now, now);
}

export async function removeClaim(folder: string, token: number): Promise<void> {
  await removeFile(claimPath(folder, token));
}

/** Deletes what is long past. The newest claim always stays: that is why no token is ever handed out twice. */
export async function removeOldClaims(folder: string, newest: number): Promise<void> {
  for (const token of await tokens(folder)) {
    if (token < newest - CLAIMS_KEPT) await removeClaim(folder, token);
  }
}

async function tokens(folder: string): Promise<number[]> {
  try {
    const mirror = sharedMirrorOf(folder);
    const names = mirror === undefined ? await readdir(folder) : await mirror.names(folder);
    return names.flatMap((name) => (/^\d+\.json$/.test(name) ? Number.parseInt(name, 10) : []));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
