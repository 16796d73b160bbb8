import { afterAll } from 'vitest';
import { cleanUp } from './clean-ups.ts';

// A setup file of vitest: it runs for each file of tests, whereas modules of support may be loaded once for many.
afterAll(cleanUp);
