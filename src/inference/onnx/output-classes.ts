import type { OutputClasses } from '../../core/model.ts';
import type { GraphNode } from './onnx-graph.ts';

/** A node of a graph, as far as values are followed through it. */
export type Link = Pick<GraphNode, 'operator' | 'inputs' | 'outputs'>;

export const CLASSIFIERS: ReadonlySet<string> = new Set([
  'TreeEnsembleClassifier',
  'LinearClassifier',
  'SVMClassifier',
]);

/** Operators whose output has the values of their first input, in the same places. */
const SAME_PLACES: ReadonlySet<string> = new Set([
  'Identity',
  'Cast',
  'Normalizer',
  'Softmax',
  'Sigmoid',
  'Exp',
  'Clip',
]);

/**
 * Which outputs are labels of classes or their scores, in the order of the labels: those of a classifier of
 * ONNX's operators for machine learning, followed back through operators that keep values in their places.
 */
export function classesOfOutputs(
  links: readonly Link[],
  classifiers: ReadonlyMap<string, readonly string[]>,
  outputs: readonly string[],
): Readonly<Record<string, OutputClasses>> {
  const makers = new Map(links.flatMap((link) => link.outputs.map((name) => [name, link] as const)));
  const found: Record<string, OutputClasses> = {};
  for (const output of outputs) {
    let name = output;
    let maker = makers.get(name);
    const seen = new Set<Link>();
    while (maker !== undefined && SAME_PLACES.has(maker.operator) && !seen.has(maker)) {
      seen.add(maker);
      name = maker.inputs[0] ?? '';
      maker = makers.get(name);
    }
    const labels = maker === undefined ? undefined : classifiers.get(maker.outputs[0] ?? '');
    if (maker === undefined || labels === undefined) continue;
    found[output] = { kind: maker.outputs[0] === name ? 'label' : 'scores', labels };
  }
  return found;
}

/** The labels of a classifier, as text. */
export function labelsOf({ attributes }: GraphNode): readonly string[] {
  const texts = attributes.get('classlabels_strings')?.texts ?? [];
  if (texts.length > 0) return texts;
  const numbers = attributes.get('classlabels_int64s') ?? attributes.get('classlabels_ints');
  return (numbers?.ints ?? []).map(String);
}
