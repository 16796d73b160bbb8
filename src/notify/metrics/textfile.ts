import { dirname } from 'node:path';
import { makeFolder, writeFileDurably } from '../../core/files/durable-file.ts';

/** What node_exporter's textfile collector reads at any time: it appears whole. */
export async function writeTextfile(path: string, text: string): Promise<void> {
  await makeFolder(dirname(path));
  await writeFileDurably(path, text);
}
