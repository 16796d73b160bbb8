import type { OnnxGraph, OnnxNode, OnnxWeights } from './onnx.ts';

export interface NetworkOptions {
  /** The operator behind every layer but the last; Relu by default. */
  readonly activation?: string;
  /**
   * Adds nothing to the weights, but something that is computed from the rows: ONNX Runtime then cannot
   * arrange them beforehand, and takes other kernels.
   */
  readonly weightsFromRows?: boolean;
}

/** A network of dense layers, `[10, 64, 32, 1]`, with weights that are always the same: `x` in, `y` out. */
export function networkGraph(layers: readonly number[], options: NetworkOptions = {}): OnnxGraph {
  const { activation = 'Relu', weightsFromRows = false } = options;
  const nodes: OnnxNode[] = weightsFromRows ? zeroNodes() : [];
  const weights: OnnxWeights[] = weightsFromRows ? [{ name: 'nothing', values: [0] }] : [];
  let input = 'x';
  for (let layer = 1; layer < layers.length; layer++) {
    const [from = 1, to = 1] = layers.slice(layer - 1, layer + 1);
    const isLast = layer === layers.length - 1;
    const [w, b, sum] = [`w${layer}`, `b${layer}`, isLast ? 'y' : `sum${layer}`];
    weights.push({ name: w, shape: [from, to], values: spread(from * to, layer, 1.5 / Math.sqrt(from)) });
    weights.push({ name: b, values: spread(to, -layer, 0.5) });
    if (weightsFromRows) nodes.push({ operator: 'Add', inputs: [w, 'zero'], outputs: [`${w}sum`] });
    nodes.push({
      operator: 'MatMul',
      inputs: [input, weightsFromRows ? `${w}sum` : w],
      outputs: [`product${layer}`],
    });
    nodes.push({ operator: 'Add', inputs: [`product${layer}`, b], outputs: [sum] });
    if (!isLast) nodes.push({ operator: activation, inputs: [sum], outputs: [`active${layer}`] });
    input = `active${layer}`;
  }
  return {
    inputs: [{ name: 'x', elementType: 'float32', shape: ['rows', layers[0] ?? 1] }],
    outputs: [{ name: 'y', elementType: 'float32', shape: ['rows', layers.at(-1) ?? 1] }],
    nodes,
    weights,
  };
}

function zeroNodes(): OnnxNode[] {
  return [
    { operator: 'ReduceMax', inputs: ['x'], outputs: ['largest'] },
    { operator: 'Mul', inputs: ['largest', 'nothing'], outputs: ['zero'] },
  ];
}

/** `count` numbers between `-size` and `size`, always the same ones, without a pattern. */
function spread(count: number, seed: number, size: number): number[] {
  return Array.from({ length: count }, (_, index) => {
    const wave = Math.sin((index + 1) * 12.9898 + seed * 78.233) * 43_758.5453;
    return (2 * (wave - Math.floor(wave)) - 1) * size;
  });
}
