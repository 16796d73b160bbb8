import { beforeAll, describe, expect, it } from 'vitest';
import { makeProject, type Project } from './project.ts';

let project: Project;
beforeAll(async () => {
  project = await makeProject();
  await project.run([]);
  // Loads ONNX Runtime, which sets a variable: a run does not, where another test has compiled the model.
  await project.serveBatch(['inspect', 'fixtures/sales.onnx']);
});

/** What a command may leave behind in its process. */
function traces() {
  const listeners = (emitter: NodeJS.EventEmitter) =>
    emitter.eventNames().map((name) => `${String(name)}: ${emitter.listenerCount(name)}`);
  return {
    env: { ...process.env },
    cwd: process.cwd(),
    exitCode: process.exitCode,
    process: listeners(process),
    stdout: listeners(process.stdout),
    stderr: listeners(process.stderr),
  };
}

const COMMAND_LINES: readonly (readonly string[])[] = [
  ['run'],
  ['run', '--input', 'nothing.csv'],
  ['run', '--dry-run'],
  ['lookup', 'sales', 'store=1', 'product=1'],
  ['query', 'SELECT count(*) FROM sales'],
  ['runs', 'show'],
  ['inspect', 'fixtures/sales.onnx'],
  ['tick'],
  ['nonsense'],
];

describe('a command line in the process of the tests', () => {
  it.each(COMMAND_LINES.map((args) => ({ args })))('leaves nothing of $args behind', async ({ args }) => {
    const before = traces();
    const env = { SERVE_BATCH_DEBUG: '1', SERVE_BATCH_JSON: 'false', ONLY_HERE: '1' };
    await project.serveBatch(args, { env });
    expect(traces()).toEqual(before);
  });

  it('sees the variables that it is given, and no other of the program', async () => {
    process.env.SERVE_BATCH_OUTPUT = 'foreign';
    try {
      const flags = { SERVE_BATCH_JSON: '1' };
      const { stdout } = await project.serveBatch(['runs', 'ls'], { env: flags });
      expect(JSON.parse(stdout)).toHaveLength(1);
      expect(process.env.SERVE_BATCH_OUTPUT).toBe('foreign');
      expect((await project.serveBatch(['runs', 'ls'])).stdout).toMatch(/^ *RUN/);
    } finally {
      delete process.env.SERVE_BATCH_OUTPUT;
    }
  });

  it('reads its standard input', async () => {
    const { stdout } = await project.serveBatch(['query', '-', '--format', 'csv'], {
      stdin: 'SELECT 6 * 7 AS answer',
    });
    expect(stdout).toBe('answer\n42\n');
  });

  it('runs one after the other where several are called at once, each in its own folder', async () => {
    const other = await makeProject({ jobs: {} });
    const [here, there] = await Promise.all([
      project.serveBatch(['runs', 'ls', '--json']),
      other.serveBatch(['runs', 'ls', '--json']),
    ]);
    expect([here, there].map(({ stdout }) => JSON.parse(stdout).length)).toEqual([1, 0]);
  });
});
