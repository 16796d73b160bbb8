#!/usr/bin/env node
import { keepCompiled } from '../children/compile-cache.ts';

// Before anything else is loaded.
keepCompiled();
// Stacks then name the lines of the sources instead of those of the bundle. To read the maps takes time.
if (process.argv.includes('--debug')) process.setSourceMapsEnabled(true);
const { start } = await import('./start.ts');
await start();
