import { copyFile, mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';
import { built } from './built.ts';

const { enginesFolder } = await built<typeof import('../../src/runs/layout.ts')>('runs/layout.ts');

/** Where the tests of one session keep them; undefined: nobody shares. */
const shared: string | undefined = inject('recipes');

/** Gives a job what another test has compiled of its model, as if it had run before. */
export async function takeRecipes(folderOfJob: string, modelSha256: string): Promise<void> {
  if (shared !== undefined) await copyMissing(shared, enginesFolder(folderOfJob), modelSha256);
}

/** What a job has compiled is there for the tests after it. */
export async function shareRecipes(folderOfJob: string, modelSha256: string): Promise<void> {
  if (shared !== undefined) await copyMissing(enginesFolder(folderOfJob), shared, modelSha256);
}

async function copyMissing(from: string, to: string, modelSha256: string): Promise<void> {
  const there = new Set(await namesIn(to));
  const missing = (await namesIn(from)).filter((name) => name.startsWith(modelSha256) && !there.has(name));
  if (missing.length > 0) await mkdir(to, { recursive: true });
  for (const name of missing) {
    // Another process may copy it, too: it shows only when it is whole.
    const temporary = join(to, `.${name}.${process.pid}`);
    await copyFile(join(from, name), temporary);
    await rename(temporary, join(to, name));
  }
}

const namesIn = (folder: string): Promise<readonly string[]> => readdir(folder).catch(() => []);
