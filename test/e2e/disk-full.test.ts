import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { REPOSITORY } from '../support/cli.ts';
import { makeProject, readPublished, temporaryFolder } from '../support/project.ts';

const MAIN = join(REPOSITORY, 'dist/cli/main.js');

/** No file may grow beyond some blocks of 1 KiB: what a quota does, for any user. */
function runWithFileLimit(cwd: string, blocks: number, args: readonly string[]) {
  const script = `ulimit -f ${blocks}; exec "$@"`;
  return run('bash', ['-c', script, 'bash', process.execPath, MAIN, ...args], cwd);
}

function run(command: string, args: readonly string[], cwd: string): { code: number; stderr: string } {
  try {
    execFileSync(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
    return { code: 0, stderr: '' };
  } catch (error) {
    const { status, stderr } = error as { status: number; stderr: string };
    return { code: status, stderr };
  }
}

describe('a full disk', () => {
  it('keeps the published run, and says what to do: a part cannot grow', async () => {
    const project = await makeProject();
    const before = await project.run(['--shard-rows', '500']);
    const { code, stderr } = runWithFileLimit(project.folder, 8, ['run', '--force']);
    expect(stderr).toMatch(/^error: The disk is full: .*part-00000\.parquet/m);
    expect(stderr).toContain('Free some space and run the same command again');
    expect(stderr).not.toMatch(/^\s+at .*:\d+:\d+/m);
    expect(code).toBe(1);
    expect((await project.published())?.runId).toBe(before.runId);
    const after = await project.run([]);
    expect(after).toMatchObject({ status: 'published', rowsOut: 7000 });
  });

  const mounted: string[] = [];
  afterAll(() => {
    for (const folder of mounted) execFileSync('umount', [folder]);
  });
  /** A disk with room for the parts and to open a store, but not to fill one; undefined where this user may not make one. */
  async function smallDisk(): Promise<string | undefined> {
    const folder = join(await temporaryFolder(), 'disk');
    mkdirSync(folder);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1250k', 'none', folder], { stdio: 'ignore' });
    } catch {
      return undefined;
    }
    mounted.push(folder);
    return folder;
  }

  it('is published after space was made: the disk has no room for the store', async (context) => {
    const disk = await smallDisk();
    if (disk === undefined)
      return context.skip('only root may mount a small disk; the test above needs no root');
    const project = await makeProject();
    const out = join(disk, 'out');
    const full = await project.serveBatch(['run', '--output', out]);
    expect(full.stderr).toMatch(/error: The disk is full: .*no space left on device.* Free some space/i);
    expect(full.code).toBe(1);
    expect(await readPublished(join(out, 'sales'))).toBeNull();
    const [runId] = readdirSync(join(out, 'sales', 'runs'));
    execFileSync('mount', ['-o', 'remount,size=20m', disk]);
    const record = await project.run(['--output', out]);
    expect(record).toMatchObject({ runId, status: 'published', rowsOut: 7000 });
  });
});
