import { cp, utimes } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { silentLog, silentProgress, systemClock } from '../../src/core/effects.ts';
import type * as Library from '../../src/index.ts';
import type { RunJobOptions, RunJobResult } from '../../src/jobs/run-job-options.ts';
import { REPOSITORY } from '../support/cli.ts';
import { makeProject, type Project } from '../support/project.ts';

const WEEKLY = `input: week.parquet
model: fixtures/sales-by-column.onnx
kv: {key: "{store}:{product}", field: "{date}"}
`;

let library: typeof Library;
beforeAll(async () => {
  library = (await import(pathToFileURL(`${REPOSITORY}dist/index.js`).href)) as typeof Library;
});

async function makeWeek(): Promise<Project> {
  const project = await makeProject({ jobs: { weekly: WEEKLY } });
  await cp(project.path('fixtures/sales.parquet'), project.path('week.parquet'), { dereference: true });
  return project;
}

async function run(
  project: Project,
  occurrence: string,
  options: Partial<RunJobOptions> = {},
): Promise<RunJobResult> {
  const { spec } = await library.loadJob('weekly', { projectFolder: project.folder, env: {} });
  return library.runJob({
    spec: { ...spec, occurrence },
    resume: true,
    force: false,
    effects: { clock: systemClock, log: silentLog, progress: silentProgress },
    signal: new AbortController().signal,
    ...options,
  });
}

/** Another time of change is another input. */
function touch(project: Project): Promise<void> {
  const at = new Date(Date.now() + Math.random() * 1e6);
  return utimes(project.path('week.parquet'), at, at);
}

const SATURDAY = '2026-11-14T00:00:00.000Z';
const NEXT = '2026-11-21T00:00:00.000Z';

describe('a run of an occurrence', () => {
  it('computes nothing where the occurrence has a run of another input, unless it is asked without', async () => {
    const project = await makeWeek();
    const first = await run(project, SATURDAY, { oncePerOccurrence: true });
    expect(first.outcome).toBe('computed');
    await touch(project);
    const second = await run(project, SATURDAY, { oncePerOccurrence: true });
    expect(second).toMatchObject({ outcome: 'up to date', record: { runId: first.record?.runId } });
    expect((await run(project, NEXT, { oncePerOccurrence: true })).outcome).toBe('computed');
    // Superseded by now: it is not published again.
    expect((await run(project, SATURDAY, { oncePerOccurrence: true })).outcome).toBe('up to date');
    expect((await project.published('weekly'))?.runId).not.toBe(first.record?.runId);
    expect((await run(project, SATURDAY)).outcome).toBe('computed');
  });

  it('is committed, and neither loaded nor published, where a newer one is published', async () => {
    const project = await makeWeek();
    const newer = await run(project, NEXT, { publish: 'unless newer' });
    const older = await run(project, SATURDAY, { publish: 'unless newer' });
    expect(older).toMatchObject({ outcome: 'computed', record: { status: 'committed' }, publishError: null });
    expect((await project.published('weekly'))?.runId).toBe(newer.record?.runId);
    const again = await run(project, SATURDAY, { publish: 'unless newer' });
    expect(again).toMatchObject({ outcome: 'up to date', record: { status: 'committed' } });
    const { stdout } = await project.serveBatch(['lookup', 'weekly', 'store=1', 'product=2', '--json']);
    expect(stdout).toContain(newer.record?.runId);
    // Whoever asks for it gets it.
    expect(await run(project, SATURDAY)).toMatchObject({
      outcome: 'published',
      record: { status: 'published' },
    });
  });

  it('is witnessed under the lock; a witness that refuses ends it before anything is planned', async () => {
    const project = await makeWeek();
    const seen: string[] = [];
    const refusal = new Error('it is settled');
    const witness = {
      async begins() {
        seen.push('begins');
        // The lock is held: nobody else gets it.
        await expect(run(project, SATURDAY)).rejects.toMatchObject({ code: 'LOCKED' });
        if (seen.length > 2) throw refusal;
      },
      async ends() {
        await expect(run(project, SATURDAY)).rejects.toMatchObject({ code: 'LOCKED' });
        seen.push('ends');
      },
    };
    await run(project, SATURDAY, { witness });
    await expect(run(project, NEXT, { witness })).rejects.toBe(refusal);
    expect(seen).toEqual(['begins', 'ends', 'begins']);
    expect(await project.runs('weekly')).toHaveLength(1);
  });
});
