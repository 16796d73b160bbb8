// Everything that must hold, in order: build, format and lint, types, tests. Stops at the first step that
// fails, and always ends with the line "N passed, N failed".
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const STEPS = [
  ['build', 'npm run --silent build'],
  ['format and lint', 'biome ci .'],
  ['types', 'tsc --noEmit'],
  ['tests', 'vitest run'],
];

/** Passes standard output on as it comes, and remembers its last line. */
async function run(command) {
  const child = spawn(command, {
    shell: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      PATH: join('node_modules', '.bin') + delimiter + process.env.PATH,
      ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}),
    },
  });
  let tail = '';
  child.stdout.on('data', (chunk) => {
    process.stdout.write(chunk);
    tail = (tail + chunk).slice(-200);
  });
  const [code] = await once(child, 'close');
  return { code: code ?? 1, lastLine: tail.trimEnd().split('\n').at(-1) ?? '' };
}

// A file that is gone from src/ must not live on in dist/.
rmSync('dist', { recursive: true, force: true });
for (const [name, command] of STEPS) {
  process.stdout.write(`\n== ${name}: ${command}\n`);
  const { code, lastLine } = await run(command);
  const isCounted = /^\d+ passed, \d+ failed$/.test(lastLine);
  if (code !== 0 && !isCounted)
    process.stdout.write(`\nFailed in step "${name}": ${command}\n0 passed, 1 failed\n`);
  process.exitCode = code;
  if (code !== 0) break;
}
