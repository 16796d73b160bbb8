import { afterAll } from 'vitest';
import { cleanUp } from './clean-ups.ts';
import { replaceEnvironment } from './environment.ts';

// A setup file of vitest: it runs for each file of tests, whereas modules of support may be loaded once for many.
const folder = process.cwd();
const env = { ...process.env };

afterAll(async () => {
  await cleanUp();
  // Many files share a process: none is to see what another one has set.
  process.chdir(folder);
  replaceEnvironment(env);
});
