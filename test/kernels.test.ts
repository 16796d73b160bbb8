import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import * as restoreHashes from '../src/kv/redis/hash/restore-hashes-wasm.ts';
import * as rowTexts from '../src/sinks/kv/row-texts-wasm.ts';

it.each([
  ['restore-hashes', restoreHashes.SOURCE_SHA256],
  ['row-texts', rowTexts.SOURCE_SHA256],
])('the WebAssembly of kernels/%s.ts was made of it as it is: npm run kernels', (name, sha256) => {
  const source = readFileSync(fileURLToPath(new URL(`../kernels/${name}.ts`, import.meta.url)));
  expect(sha256).toBe(createHash('sha256').update(source).digest('hex'));
});
