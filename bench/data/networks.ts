import { writeFile } from 'node:fs/promises';
import { type OnnxGraph, onnxFile } from '../../test/support/onnx.ts';
import { FEATURES } from './feature-sql.ts';
import { seededNormal } from './seeded.ts';

/**
 * A network of dense layers with ReLU between them, from the features to one value `sales`. The weights
 * are seeded: the same sizes give the same model.
 */
export function networkGraph(hidden: readonly number[]): OnnxGraph {
  const sizes = [FEATURES.length, ...hidden, 1];
  const random = seededNormal(20_261_121);
  const layers = sizes.slice(1).map((width, index) => layer(index, sizes[index] ?? 1, width, random));
  const last = layers.length - 1;
  return {
    inputs: [{ name: 'features', elementType: 'float32', shape: ['rows', FEATURES.length] }],
    outputs: [{ name: 'sales', elementType: 'float32', shape: ['rows', 1] }],
    nodes: layers.flatMap(({ weights, bias }, index) => {
      const input = index === 0 ? 'features' : `hidden${index - 1}`;
      const dense = { operator: 'Gemm', inputs: [input, weights.name, bias.name] };
      if (index === last) return [{ ...dense, outputs: ['sales'] }];
      return [
        { ...dense, outputs: [`dense${index}`] },
        { operator: 'Relu', inputs: [`dense${index}`], outputs: [`hidden${index}`] },
      ];
    }),
    weights: layers.flatMap(({ weights, bias }) => [weights, bias]),
    metadata: { feature_names: JSON.stringify(FEATURES) },
  };
}

/** Writes the model of `networkGraph` to a file. */
export async function writeNetwork(path: string, hidden: readonly number[]): Promise<void> {
  await writeFile(path, onnxFile(networkGraph(hidden)));
}

/** Weights of He's initialisation, so that values neither vanish nor explode from layer to layer. */
function layer(index: number, inputs: number, outputs: number, random: () => number) {
  const deviation = Math.sqrt(2 / inputs);
  const values = Float32Array.from({ length: inputs * outputs }, () => random() * deviation);
  return {
    weights: { name: `weights${index}`, values, shape: [inputs, outputs] },
    bias: { name: `bias${index}`, values: Float32Array.from({ length: outputs }, () => random() * 0.1) },
  };
}
