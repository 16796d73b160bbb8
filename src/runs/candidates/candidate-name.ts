import { z } from 'zod';
import { makeFolder, writeFileDurably } from '../../core/files/durable-file.ts';
import { jsonText, readJsonIfValid } from '../json-file.ts';
import { candidateNameFile } from '../layout.ts';

const nameSchema = z.object({
  /** The job whose candidate the folder holds. */
  job: z.string(),
});

/** The job of which a folder holds a candidate under a name of its own; undefined for the folder of a job. */
export async function readCandidateOf(folderOfJob: string): Promise<string | undefined> {
  return (await readJsonIfValid(candidateNameFile(folderOfJob), nameSchema))?.job;
}

/** Notes that a folder holds a candidate of a job. The caller holds the folder's lock. */
export async function writeCandidateOf(folderOfJob: string, job: string): Promise<void> {
  await makeFolder(folderOfJob);
  await writeFileDurably(candidateNameFile(folderOfJob), jsonText({ job }));
}
