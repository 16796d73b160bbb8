import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import { systemErrorCode } from '../core/errors.ts';
import { readOnnxFile } from './onnx-file.ts';

/** sha256 of the model file and, where its weights lie in files beside it, of those too. */
export async function hashModel(path: string): Promise<string> {
  const { externalDataFiles } = await readOnnxFile(path);
  const folder = resolve(dirname(path));
  const hash = createHash('sha256');
  await addFile(hash, path);
  for (const name of externalDataFiles) {
    const file = resolve(folder, name);
    // ONNX Runtime refuses data outside the model's folder when it loads; it is never read here.
    if (file.startsWith(folder + sep)) await addFile(hash, file);
  }
  return hash.digest('hex');
}

async function addFile(hash: Hash, path: string): Promise<void> {
  try {
    // A pipe or a device has no end.
    if (!(await stat(path)).isFile()) return;
    for await (const chunk of createReadStream(path)) hash.update(chunk);
  } catch (error) {
    // A missing weights file is reported by ONNX Runtime, with the tensor's name.
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
}
