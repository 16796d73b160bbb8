import { ServeBatchError } from '../../core/errors.ts';
import { readModelFile } from '../model-file.ts';
import { type OnnxFile, parseOnnxFile } from './onnx-file.ts';

/** Throws `MODEL_NOT_FOUND` or `MODEL_UNREADABLE`. */
export async function readOnnxFile(path: string): Promise<OnnxFile> {
  return onnxFileOf(path, await readModelFile(path));
}

/** What stands in the bytes of a model. Throws `MODEL_UNREADABLE`. */
export function onnxFileOf(path: string, bytes: Uint8Array): OnnxFile {
  try {
    return parseOnnxFile(bytes);
  } catch (error) {
    throw new ServeBatchError(
      'MODEL_UNREADABLE',
      `${path} is not a complete ONNX model (${bytes.length} bytes; its protobuf cannot be read). Export it again, or check that the copy is whole.`,
      { cause: error, fields: { model: path } },
    );
  }
}
