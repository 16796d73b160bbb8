import { readdir } from 'node:fs/promises';
import { readPublished } from '../../test/support/project.ts';
import { type Bench, hashesOf, type JobName, readStore } from './bench.ts';
import type { Attempt } from './moments.ts';
import type { Victim } from './options.ts';

/** A run that no attempt has made known yet: at most one, which the struck command has begun. */
export async function unknownRun({ project, contentOf }: Bench, job: JobName): Promise<string | null> {
  const unknown = (await project.runs(job)).filter(
    (runId) => !contentOf.has(runId) && !runId.startsWith('2020'),
  );
  if (unknown.length > 1) throw new Error(`${unknown.join(' and ')} are new; one run was begun`);
  return unknown[0] ?? null;
}

/** Readers of the store and of the folder see one of these runs, and all of it, with the bytes of an undisturbed one. */
export async function checkWhole(bench: Bench, job: JobName, allowed: readonly string[]): Promise<void> {
  const { contentOf, references, project } = bench;
  const folder = await readPublished(project.path('out', job));
  if (folder !== null) {
    expectOneOf(folder.runId, allowed, 'the folder shows');
    const hashes = await hashesOf(
      folder.folder,
      folder.record.output.parts.map(({ file }) => file),
    );
    const reference = references.get(contentOf.get(folder.runId)?.slice ?? 'sales');
    expectSame(hashes, reference?.partHashes, `the parts of ${folder.runId}`);
  }
  const seen = await readStore(bench, job).catch((error: { code?: string }) => {
    if (folder === null && error.code === 'NOT_FOUND') return null;
    throw error;
  });
  if (seen === null) return;
  const [runId = 'none'] = seen.runIds;
  if (seen.runIds.size !== 1) throw new Error(`the store answers from ${[...seen.runIds].join(' and ')}`);
  expectOneOf(runId, allowed, 'the store shows');
  expectSame(seen.values, contentOf.get(runId)?.values, `the values of ${runId}`);
}

/**
 * What is there once the command is through. A process that lost the lock deletes nothing, and one that stands still
 * has not come to it yet, so that their own scratch folders may be there.
 */
export async function checkDone(bench: Bench, { job, slice, runId }: Attempt, victim: Victim): Promise<void> {
  const published = await readPublished(bench.project.path('out', job));
  if (published === null) throw new Error(`nothing of ${job} is published`);
  if (runId !== null) expectOneOf(published.runId, [runId], 'the folder shows');
  if (bench.contentOf.get(published.runId)?.slice !== slice)
    throw new Error(`${published.runId} is not of ${slice}`);
  await checkWhole(bench, job, [published.runId]);
  const isLeft = (name: string): boolean => name.endsWith('.tmp') || (name === 'tmp' && victim !== 'stop');
  const left = (await readdir(published.folder)).filter(isLeft);
  if (left.length > 0) throw new Error(`${left.join(', ')} stays in ${published.folder}`);
}

function expectOneOf(runId: string, allowed: readonly string[], what: string): void {
  if (!allowed.includes(runId)) throw new Error(`${what} ${runId}; expected ${allowed.join(' or ')}`);
}

function expectSame(found: unknown, expected: unknown, what: string): void {
  if (JSON.stringify(found) !== JSON.stringify(expected))
    throw new Error(`${what} are not those of an undisturbed run`);
}
