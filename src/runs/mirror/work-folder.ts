import { mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { readJsonIfValid } from '../json-file.ts';
import { isAlive, ownIdentity, type ProcessIdentity } from '../lock/process-identity.ts';

const PREFIX = 'serve-batch-bucket-';
const OWNER = 'owner.json';

const ownerSchema: z.ZodType<ProcessIdentity> = z.object({
  runPid: z.int().positive(),
  host: z.string(),
  startTicks: z.number().nullable(),
  bootId: z.string().nullable(),
  pidNamespace: z.string().nullable(),
});

let made: string | null = null;

/**
 * The folder below the system's one for temporary files where this process shows its buckets. It goes with the
 * process; what a killed process has left goes once another one makes its own.
 */
export function workFolder(): string {
  if (made !== null) return made;
  const folder = realpathSync(mkdtempSync(join(tmpdir(), PREFIX)));
  made = folder;
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  void claimAndSweep(folder).catch(() => {});
  return folder;
}

async function claimAndSweep(own: string): Promise<void> {
  const identity = await ownIdentity();
  writeFileSync(join(own, OWNER), JSON.stringify(identity), { flag: 'wx' });
  for (const name of readdirSync(tmpdir())) {
    const folder = join(tmpdir(), name);
    if (!name.startsWith(PREFIX) || folder === own) continue;
    const owner = await readJsonIfValid(join(folder, OWNER), ownerSchema);
    if (owner === undefined || !isOfThisMachine(owner, identity) || (await isAlive(owner))) continue;
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Process numbers of other containers and machines say nothing here. After a boot nobody is left. */
function isOfThisMachine(owner: ProcessIdentity, own: ProcessIdentity): boolean {
  return owner.host === own.host && owner.pidNamespace === own.pidNamespace && owner.bootId === own.bootId;
}
