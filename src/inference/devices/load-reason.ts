import { firstLine } from '../../core/errors.ts';

/** What ONNX Runtime says of a model or a device that it cannot load, without the places in its own source. */
export function loadReason(error: unknown): string {
  const text = firstLine(error instanceof Error ? error.message : String(error));
  return text
    .replace(/^Load model from .*? failed: ?/, '')
    .replace(/^\S*onnxruntime_src\S* .*? was false\. ?/, '')
    .replace(/^\S*onnxruntime_src\S* [^)]*\)[^)]*\) ?/, '')
    .replace(/[.\s]+$/, '');
}
