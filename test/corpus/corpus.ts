import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from '../support/cli.ts';

/** Files that others wrote. They lie beside the project, not in it: a clone elsewhere does not have them. */
const CORPUS = join(REPOSITORY, '../shared/corpus');

/** Tests over one folder of the corpus; where it is not there, one test says so. */
export function describeCorpus(folder: string, tests: () => void): void {
  const path = join(CORPUS, folder);
  if (existsSync(path)) describe(`corpus/${folder}`, tests);
  else {
    it(`has nothing to read: the folder ../shared/corpus/${folder} is not here`, () => {
      process.stdout.write(`The corpus is not here: no test of ../shared/corpus/${folder} was run.\n`);
      expect(existsSync(path)).toBe(false);
    });
  }
}

export function corpusFile(...names: string[]): string {
  return join(CORPUS, ...names);
}

/** Names of the files of a folder that end in `ending`. */
export function corpusFiles(folder: string, ending: string): string[] {
  return readdirSync(join(CORPUS, folder))
    .filter((name) => name.endsWith(ending))
    .sort();
}
