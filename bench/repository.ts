import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json: this file may lie in bench/ or, compiled, in bench/.build/bench/. */
export const REPOSITORY = findRepository(dirname(fileURLToPath(import.meta.url)));

/** The built command line, as users start it. */
export const SERVE_BATCH = join(REPOSITORY, 'dist/cli/main.js');

function findRepository(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  const above = dirname(folder);
  if (above === folder) throw new Error('The benchmark does not lie below a package.json.');
  return findRepository(above);
}
