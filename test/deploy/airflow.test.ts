import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/core/errors.ts';
import { fences, readDoc } from '../docs/markdown.ts';
import { REPOSITORY } from '../support/cli.ts';
import { PYTHON_DAG } from './deploy-files.ts';
import { FINAL_EXIT_CODES } from './exit-codes.ts';

const hasPython = spawnSync('python3', ['--version']).status === 0;
const COMPILE = 'import sys; compile(sys.stdin.read(), sys.argv[1], "exec")';

function python(args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync('python3', ['-B', ...args], {
    cwd: REPOSITORY,
    input,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout;
}

/** What the task makes of exit codes, with stubs in the place of Airflow. */
function runDag(airflowVersion: '2' | '3', exitCodes: readonly number[]): unknown {
  return JSON.parse(
    python(['test/deploy/airflow-stubs.py', PYTHON_DAG, airflowVersion, ...exitCodes.map(String)]),
  );
}

describe.skipIf(!hasPython)('deploy/airflow (skipped where python3 is not installed)', () => {
  it('compiles', () => {
    python(['-c', COMPILE, PYTHON_DAG], readFileSync(join(REPOSITORY, PYTHON_DAG), 'utf8'));
  });

  it('and so does the Python of its page', () => {
    const blocks = fences(readDoc('docs/deploy-airflow.md')).filter(({ language }) => language === 'python');
    expect(blocks.length).toBeGreaterThan(0);
    for (const { text } of blocks) python(['-c', COMPILE, 'docs/deploy-airflow.md'], text);
  });

  it.each(['2', '3'] as const)(
    'with the imports of Airflow %s, fails for good only where no attempt helps',
    (version) => {
      const codes = Object.values(EXIT);
      const outcomes = Object.fromEntries(
        codes.map((code) => [
          code,
          code === EXIT.done
            ? 'done'
            : FINAL_EXIT_CODES.includes(code)
              ? 'AirflowFailException'
              : 'AirflowException',
        ]),
      );
      expect(runDag(version, codes)).toMatchObject({ outcomes, schedule: '0 0 * * 6' });
    },
  );
});
