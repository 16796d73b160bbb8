#!/usr/bin/env node
import { keepCompiled } from '../children/compile-cache.ts';

// Before anything else is loaded.
keepCompiled();
await import('./start.ts');
