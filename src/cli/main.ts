#!/usr/bin/env node
import { keepCompiled } from '../children/compiled/compile-cache.ts';
import { startChild } from '../children/start-child.ts';

// Before anything else is loaded.
keepCompiled();
// Stacks then name the lines of the sources instead of those of the bundle. To read the maps takes time.
if (process.argv.includes('--debug')) process.setSourceMapsEnabled(true);
// It loads its libraries while this process loads its own. A run that ends before it has a task for it ends it.
const command = process.argv[2] ?? '';
// Most runs speak no TLS: one that does starts another child.
const early = ['run', 'publish'].includes(command) ? startChild({ usesTls: command !== 'run' }) : undefined;
const { start } = await import('./start.ts');
await start(early);
