import { readdirSync, readFileSync } from 'node:fs';
import type { Project } from '../support/project.ts';

/** Whether the newest claim of a job's lock says that it was released; true where there never was one. */
export function releasedLock(project: Project, job: string): boolean {
  const folder = project.path('out', job, 'locks');
  const [newest] = readdirSync(folder)
    .filter((name) => /^\d+\.json$/.test(name))
    .sort()
    .reverse();
  if (newest === undefined) return true;
  return (
    (JSON.parse(readFileSync(`${folder}/${newest}`, 'utf8')) as { released?: boolean }).released === true
  );
}
