import { readFile } from 'node:fs/promises';
import type { Project } from '../support/project.ts';

/** Gives the project's jobs the packed layout, or the default one again. */
export async function setLayout(project: Project, layout: 'hash' | 'packed'): Promise<void> {
  for (const name of ['sales', 'sales-by-column']) {
    const file = `jobs/${name}.yaml`;
    const text = (await readFile(project.path(file), 'utf8')).replace(/^ {2}layout: .*\n/m, '');
    await project.write(file, text.replace(/^kv:\n/m, `kv:\n  layout: ${layout}\n`));
  }
}
