import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { REPOSITORY } from '../support/cli.ts';
import { makeProject, type Project } from '../support/project.ts';

let project: Project;
beforeAll(async () => {
  project = await makeProject({ jobs: {}, fixtures: false });
  for (const name of ['sales-by-column.onnx', 'sales.csv'])
    await copyFile(join(REPOSITORY, 'fixtures', name), project.path(name));
});

describe('init', () => {
  it('goes from a model and a CSV to the first lookup in three commands', async () => {
    const made = await project.serveBatch([
      'init',
      '--model',
      'sales-by-column.onnx',
      '--input',
      'sales.csv',
    ]);
    expect([made.code, made.stderr]).toEqual([0, '']);
    const commands = [...made.stdout.matchAll(/serve-batch (.*)$/gm)].map(([, rest = '']) => rest.split(' '));
    expect(commands).toEqual([
      ['run', 'sales-by-column'],
      ['lookup', 'sales-by-column', 'store=1', 'product=1', 'date=2026-11-21'],
    ]);
    for (const command of commands) expect((await project.serveBatch(command)).code).toBe(0);
    expect(await project.serveBatch(['validate'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('sales-by-column.yaml: ok\n'),
    });
  });

  it('overwrites nothing', async () => {
    const before = await readFile(project.path('jobs/sales-by-column.yaml'), 'utf8');
    const again = await project.serveBatch([
      'init',
      '--model',
      'sales-by-column.onnx',
      '--input',
      'sales.csv',
    ]);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('overwrites nothing')]);
    expect(await readFile(project.path('jobs/sales-by-column.yaml'), 'utf8')).toBe(before);
  });

  it('marks what keeps the job from running, and ends with the commands that mend it', async () => {
    await project.write('narrow.csv', 'store,price\n1,2\n2,3\n');
    const flags = [
      '--model',
      'sales-by-column.onnx',
      '--input',
      'narrow.csv',
      '--name',
      'narrow',
      '--key',
      'none',
    ];
    const { code, stdout } = await project.serveBatch(['init', ...flags]);
    expect(code).toBe(0);
    expect(stdout).toContain('It does not run yet:');
    expect(stdout).toContain('serve-batch validate narrow');
    expect(await readFile(project.path('jobs/narrow.yaml'), 'utf8')).toMatch(/^# OPEN: .*narrow.csv/);
    const valid = await project.serveBatch(['validate']);
    expect([valid.code, valid.stdout]).toEqual([3, expect.stringMatching(/narrow.yaml: SCHEMA_MISMATCH/)]);
  });

  it.each([
    ['no model', ['--input', 'sales.csv'], 'init needs --model'],
    [
      'an unknown key',
      ['--model', 'sales-by-column.onnx', '--input', 'sales.csv', '--name', 'x', '--key', 'shop'],
      'names "shop"',
    ],
  ])('says of %s what is expected', async (_, flags, message) => {
    const { code, stderr } = await project.serveBatch(['init', ...flags]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});
