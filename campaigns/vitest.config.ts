import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Campaigns run for minutes, and from npm scripts only: see docs/reliability.md. */
export default defineConfig({
  root: fileURLToPath(new URL('../', import.meta.url)),
  test: {
    include: ['campaigns/**/*.campaign.ts'],
    setupFiles: ['test/support/clean-up.ts'],
    globalSetup: ['campaigns/setup.ts'],
    server: { deps: { external: [/\/dist\//] } },
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 6 * 3_600_000,
    hookTimeout: 600_000,
  },
});
