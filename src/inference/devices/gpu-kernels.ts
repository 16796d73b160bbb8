import type { ModelSignature } from '../../core/model.ts';
import type { Operator } from '../onnx/onnx-file.ts';

/** Operators of classical machine learning: no GPU provider of ONNX Runtime has kernels for them. */
const CLASSICAL = 'ai.onnx.ml';

/**
 * Why nothing of a model, or not the part that takes the time, can run on a GPU; null where it may. Says
 * so from the graph alone, before anything is loaded.
 */
export function whyNoGpu(operators: readonly Operator[], signature?: ModelSignature): string | null {
  const trees = operators.find(({ name }) => name.startsWith('TreeEnsemble'));
  if (trees !== undefined)
    return `its trees (${trees.name}) are computed on the CPU: no GPU has kernels for them`;
  if (operators.length > 0 && operators.every(({ domain }) => domain === CLASSICAL)) {
    const names = [...new Set(operators.map(({ name }) => name))].join(', ');
    return `no GPU has kernels for its operators (${names})`;
  }
  const text = [...(signature?.inputs ?? []), ...(signature?.outputs ?? [])].find(
    ({ elementType }) => elementType === 'string',
  );
  return text === undefined ? null : `"${text.name}" is text, which no GPU has kernels for`;
}
