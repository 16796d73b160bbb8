import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import { systemErrorCode } from '../core/errors.ts';
import { localModelNow } from './local-model.ts';
import { readModelFile } from './model-file.ts';
import { onnxFileOf } from './onnx/read-onnx-file.ts';

/**
 * sha256 of the model file as it is now and, where its weights lie in files beside it, of those too. Of a model in a
 * bucket, this version is what this process reads from then on.
 */
export async function hashModel(path: string): Promise<string> {
  const file = await localModelNow(path);
  const bytes = await readModelFile(path);
  const { externalDataFiles } = onnxFileOf(path, bytes);
  const folder = resolve(dirname(file));
  const hash = createHash('sha256').update(bytes);
  for (const name of externalDataFiles) {
    const beside = resolve(folder, name);
    // ONNX Runtime refuses data outside the model's folder when it loads; it is never read here.
    if (beside.startsWith(folder + sep)) await addFile(hash, beside);
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
