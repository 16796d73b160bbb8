import type { Stats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { ServeBatchError, systemErrorCode } from '../core/errors.ts';
import { formatBytes } from '../core/text/amounts.ts';
import { localModel } from './local-model.ts';

/** Protobuf, which a model is, ends there. */
const MAX_BYTES = 2 ** 31 - 1;

/** The bytes of a model. Throws `MODEL_NOT_FOUND`, `MODEL_UNREADABLE`, and what a storage throws. */
export async function readModelFile(path: string): Promise<Uint8Array> {
  try {
    const file = await localModel(path);
    const problem = problemOf(path, await stat(file));
    if (problem !== null) throw problem;
    return await readFile(file);
  } catch (error) {
    throw error instanceof ServeBatchError ? error : fileError(path, error);
  }
}

/** What is wrong with a file before it is read: a pipe or a device would never end. */
function problemOf(path: string, found: Stats): ServeBatchError | null {
  if (found.isDirectory())
    return new ServeBatchError('MODEL_NOT_FOUND', `The model ${path} is a folder; expected an .onnx file.`);
  if (!found.isFile())
    return unreadable(
      path,
      'is a pipe, a socket or a device; expected an .onnx file. Save it to a file first.',
    );
  if (found.size === 0) return unreadable(path, 'is empty (0 bytes). Export it again.');
  if (found.size > MAX_BYTES)
    return unreadable(
      path,
      `has ${formatBytes(found.size)}; a single .onnx file ends at 2 GiB. Export it with external data: the weights in files beside it (onnx.save_model with save_as_external_data=True).`,
    );
  return null;
}

function fileError(path: string, error: unknown): ServeBatchError {
  const options = { cause: error, fields: { model: path } };
  if (systemErrorCode(error) === 'ENOENT')
    return new ServeBatchError('MODEL_NOT_FOUND', `There is no model ${path}. Check the path.`, options);
  return new ServeBatchError(
    'MODEL_UNREADABLE',
    `The model ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}. Check its path and permissions.`,
    options,
  );
}

function unreadable(path: string, what: string): ServeBatchError {
  return new ServeBatchError('MODEL_UNREADABLE', `The model ${path} ${what}`, { fields: { model: path } });
}
