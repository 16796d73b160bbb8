import { firstLine } from '../core/errors.ts';

/**
 * What ONNX Runtime says of a model or a device that it cannot load, or of a call that fails, without the
 * places and signatures of its own source.
 */
export function runtimeReason(error: unknown): string {
  const text = firstLine(error instanceof Error ? error.message : String(error));
  return text
    .replace(/^Load model from .*? failed: ?/, '')
    .replace(
      /^Non-zero status code returned while running (\S+) node\. Name:'([^']*)' Status Message: /,
      nodeText,
    )
    .replace(/\S*onnxruntime_src\S* .*? was false\. ?/, '')
    .replace(/\S*onnxruntime_src\S* (?:\([^)]*\) ?)?[^()]*\([^)]*\)(?: const)? ?/, '')
    .replace(/\S+\.(?:h|cc|cpp):\d+ \w+ /, '')
    .replace(/[.\s]+$/, '');
}

function nodeText(_: string, operator: string, name: string): string {
  return name === '' ? `${operator}: ` : `${operator} "${name}": `;
}
