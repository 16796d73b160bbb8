// Scores the fixture table into out/ and looks one prediction up: what a new user would try first.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const COMMANDS = [
  ['run', '--input', 'fixtures/sales.parquet'],
  ['lookup', 'sales', 'store=1', 'product=2', 'date=2026-11-21'],
];

for (const args of COMMANDS) {
  process.stdout.write(`\n$ serve-batch ${args.join(' ')}\n`);
  const { status } = spawnSync(process.execPath, [cli, ...args], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
