import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
export const MAIN = join(REPOSITORY, 'dist/cli/main.js');

/** A module of the built program, by its path in `src/`; `T` is `typeof import(...)` of the source. */
export async function built<T>(path: string): Promise<T> {
  assertBuilt();
  const file = join(REPOSITORY, 'dist', path.replace(/\.ts$/, '.js'));
  return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as T;
}

let isChecked = false;

/** Tests of an old build would say nothing about the source. */
export function assertBuilt(): void {
  if (isChecked) return;
  const oldest = existsSync(MAIN) ? oldestFile(join(REPOSITORY, 'dist')) : 0;
  if (oldest < newestFile(join(REPOSITORY, 'src')))
    throw new Error('dist/ is missing or older than src/. Run "npm run build" first, or "npm test" for all.');
  isChecked = true;
}

function newestFile(folder: string): number {
  return Math.max(...changeTimes(folder, '.ts'));
}

function oldestFile(folder: string): number {
  return Math.min(...changeTimes(folder, '.js'));
}

function changeTimes(folder: string, ending: string): number[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => statSync(join(folder, name)).mtimeMs);
}
