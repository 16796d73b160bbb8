// npm run campaign -- --kills 500 --store lmdb --during run --seed 2: kills commands at random instants.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const USAGE = `usage: npm run campaign -- [--kills N] [--minutes N] [--job whole|incremental] [--model trees|network] [--store lmdb|redis|packed] [--during run|publish|rollback|prune|tick|backfill] [--seed S]`;

const { values } = readArguments();
const env = { ...process.env };
for (const [name, value] of Object.entries(values)) env[`CAMPAIGN_${name.toUpperCase()}`] = value;
const { status } = spawnSync(
  'npx',
  ['vitest', 'run', '--config', 'campaigns/vitest.config.ts', 'campaigns/kill'],
  { stdio: 'inherit', env },
);
process.exit(status === 0 ? 0 : 1);

function readArguments() {
  const option = { type: 'string' };
  try {
    const options = {
      kills: option,
      minutes: option,
      job: option,
      model: option,
      store: option,
      during: option,
      seed: option,
    };
    return parseArgs({ options });
  } catch (error) {
    process.stderr.write(`${error.message}\n${USAGE}\n`);
    process.exit(2);
  }
}
