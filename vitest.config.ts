import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { ClosingLine } from './test/support/closing-line.ts';
import { LongestFirst } from './test/support/longest-first.ts';

/** A module that one file replaces would be replaced for the files after it, too. */
const MOCKING = filesThatMock();
/** Of the whole program, as it is built. */
const PROGRAM = ['test/e2e/**/*.test.ts', 'test/support/**/*.test.ts'];

function filesThatMock(): string[] {
  const root = fileURLToPath(new URL('.', import.meta.url));
  return readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .map((name) => `test/${name}`)
    .filter((name) => name.endsWith('.test.ts'))
    .filter((name) => readFileSync(join(root, name), 'utf8').includes('vi.mock('));
}

export default defineConfig({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    setupFiles: ['test/support/clean-up.ts'],
    // The built program is loaded as users load it.
    server: { deps: { external: [/\/dist\//] } },
    pool: 'forks',
    maxWorkers: 2,
    // Tests that say so run at once: those that wait.
    maxConcurrency: 12,
    sequence: { sequencer: LongestFirst },
    // Whole runs of the built command line, on machines that may be busy.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    reporters: ['default', new ClosingLine()],
    // To start a process for each file, and to load and warm up the program anew, costs more than most of the tests.
    isolate: false,
    projects: [
      { extends: true, test: { name: 'program', include: PROGRAM, exclude: MOCKING } },
      {
        extends: true,
        test: { name: 'parts', include: ['test/**/*.test.ts'], exclude: [...PROGRAM, ...MOCKING] },
      },
      { extends: true, test: { name: 'mocking', include: MOCKING, isolate: true } },
    ],
  },
});
