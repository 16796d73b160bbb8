import { mkdir, rm } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ListedJob } from '../../../../src/cli/commands/jobs/jobs-ls.ts';
import { readPause } from '../../../../src/schedule/pause.ts';
import { makeProject, type Project } from '../../../support/project.ts';

let project: Project;
beforeAll(async () => {
  const job = 'input: t.csv\nmodel: m.onnx\n';
  project = await makeProject({
    fixtures: false,
    jobs: {
      weekly: `${job}default: true\nkv: {url: "redis://:secret-word@cache:6379", key: "{a}"}\nschedule: {cron: "0 0 * * 6", timezone: Europe/Stockholm}\n`,
      idle: `${job}schedule: {cron: "0 0 * * 6", enabled: false}\n`,
      manual: job,
      broken: 'input: [\n',
    },
  });
});

describe('jobs ls', () => {
  it('lists every job with its state, also one whose file cannot be used', async () => {
    const { code, stdout, stderr } = await project.serveBatch(['jobs', 'ls']);
    expect(code).toBe(0);
    expect(
      stdout,
    ).toBe(`JOB               FILE              SCHEDULE                    STATE    LAST RUN  STORE
broken            jobs/broken.yaml                              broken
idle              jobs/idle.yaml    0 0 * * 6                   off
manual            jobs/manual.yaml                              by hand
weekly (default)  jobs/weekly.yaml  0 0 * * 6 Europe/Stockholm  on                 redis://cache:6379
`);
    expect(stderr).toContain('warning: broken cannot be used: jobs/broken.yaml:');
  });

  it('has everything as JSON, and no password', async () => {
    const { stdout } = await project.serveBatch(['jobs', 'ls', '--json']);
    expect(stdout).not.toContain('secret-word');
    const listed = JSON.parse(stdout) as ListedJob[];
    expect(listed[3]).toEqual({
      job: 'weekly',
      file: 'jobs/weekly.yaml',
      isDefault: true,
      cron: '0 0 * * 6',
      timezone: 'Europe/Stockholm',
      state: 'on',
      lastRun: null,
      store: 'redis://cache:6379',
      problem: null,
    });
  });
});

describe('jobs pause and resume', () => {
  it('show in both lists, say who and why, and refuse what cannot be paused', async () => {
    const paused = await project.serveBatch([
      'jobs',
      'pause',
      'weekly',
      '--reason',
      'prices',
      '--alert-after',
      '8h',
    ]);
    expect(
      paused.stdout,
    ).toBe(`weekly is paused: no occurrence of it starts. After 8h its alert "paused" is sent.
next: serve-batch jobs resume weekly
`);
    expect((await project.serveBatch(['jobs', 'ls'])).stdout).toMatch(/^weekly .* paused/m);
    const { stdout } = await project.serveBatch(['schedule', 'ls']);
    expect(stdout).toMatch(/^weekly is paused since \S+Z by \S+@\S+: prices$/m);
    expect((await project.serveBatch(['jobs', 'resume', 'weekly'])).stdout).toMatch(
      /^weekly is resumed; it was paused since .*: latest\.$/m,
    );
    expect((await project.serveBatch(['jobs', 'resume', 'weekly'])).stdout).toBe('weekly is not paused.\n');
  });

  it.each([
    ['a file whose fields are wrong', 'wrong', 'model: 5\noutput: elsewhere\n', [], 'elsewhere/wrong'],
    ['no YAML, beside runs in the default folder', 'torn', 'input: [\n', [], 'out/torn'],
    ['no YAML, with a folder', 'lost', 'input: [\n', ['--output', 'far'], 'far/lost'],
  ])('need no file that can be used: %s', async (_, job, text, flags, folder) => {
    await project.write(`jobs/${job}.yaml`, text);
    await mkdir(project.path('out/torn'), { recursive: true });
    const paused = await project.serveBatch(['jobs', 'pause', job, ...flags]);
    expect(paused).toMatchObject({ code: 0, stdout: expect.stringContaining(`${job} is paused`) });
    expect(paused.stderr).toContain(`warning: the job file cannot be used: jobs/${job}.yaml:`);
    expect(paused.stderr).toContain(`Pauses of this job are kept in ${project.path(folder)}.`);
    expect(await readPause(project.path(folder))).toBeDefined();
    const resumed = await project.serveBatch(['jobs', 'resume', job, ...flags]);
    expect(resumed.stdout).toMatch(/is resumed; it was paused .* It runs once its file can be used\.\n$/);
    expect(await readPause(project.path(folder))).toBeUndefined();
    await rm(project.path(`jobs/${job}.yaml`));
  });

  it.each([
    [
      ['pause', 'broken'],
      'Mend the file, or give the folder that the job names as its output: --output FOLDER.',
    ],
    [['pause', 'manual'], 'error: The job manual has no schedule.'],
    [['pause', 'weekly', '--alert-after', 'soon'], 'error: --alert-after is "soon"; expected a whole number'],
    [['resume', 'wekly'], 'error: There is no job "wekly". Did you mean "weekly"?'],
  ])('%j is refused', async (args, message) => {
    const { code, stderr } = await project.serveBatch(['jobs', ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
