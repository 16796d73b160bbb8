import type { GraphNode } from '../../onnx/onnx-graph.ts';
import { compileKernel } from '../kernel/compile-kernel.ts';
import { type Ensemble, UnsupportedModel } from '../kernel/ensemble.ts';
import { Attributes } from '../read/attributes.ts';
import { readClassifier, readRegressor } from '../read/read-ensemble.ts';
import { readEnsembleV5 } from '../read/read-ensemble-v5.ts';
import type { Follow } from './make-recipe.ts';
import type { Register, RegisterType } from './recipe.ts';
import type { RecipeBuilder, Table } from './recipe-builder.ts';

export const ENSEMBLES: readonly (readonly [string, Follow])[] = [
  ['ai.onnx.ml TreeEnsembleRegressor', (node, builder) => regress(node, builder, false)],
  ['ai.onnx.ml TreeEnsemble', (node, builder) => regress(node, builder, true)],
  ['ai.onnx.ml TreeEnsembleClassifier', classify],
];

export function isEnsemble({ domain, operator }: Pick<GraphNode, 'domain' | 'operator'>): boolean {
  return ENSEMBLES.some(([name]) => name === `${domain} ${operator}`);
}

function regress(node: GraphNode, builder: RecipeBuilder, isV5: boolean): void {
  const from = floatsOf(node, builder);
  const double = from.type === 'float64';
  const { ensemble, end } = (isV5 ? readEnsembleV5 : readRegressor)(new Attributes(node), double);
  // Only the newer operator has doubles as its output.
  const type: RegisterType = isV5 && double ? 'float64' : 'float32';
  const scores = scoresOf(builder, from, ensemble);
  const to = scores.map(() => builder.register(type));
  builder.add({ kind: 'regressor', end, from: scores, to });
  builder.set(node.outputs[0], { type, columns: to, isMatrix: true });
}

function classify(node: GraphNode, builder: RecipeBuilder): void {
  const from = floatsOf(node, builder);
  const { ensemble, end } = readClassifier(new Attributes(node), from.type === 'float64');
  const scores = scoresOf(builder, from, ensemble);
  const type: RegisterType = typeof end.labels[0] === 'string' ? 'string' : 'int64';
  const label = builder.register(type);
  const to = scores.map(() => builder.register('float32'));
  builder.add({ kind: 'classifier', end, from: scores, label, to });
  builder.set(node.outputs[0], { type, columns: [label], isMatrix: false });
  builder.set(node.outputs[1], { type: 'float32', columns: to, isMatrix: true });
}

/** What the trees compare: whole numbers are compared as float32. */
function floatsOf(node: GraphNode, builder: RecipeBuilder): Table {
  const from = builder.input(node);
  if (!from.isMatrix) throw new UnsupportedModel(`the rows of ${node.operator} are not a matrix`);
  if (from.type === 'float32' || from.type === 'float64') return from;
  if (from.type !== 'int64' && from.type !== 'int32')
    throw new UnsupportedModel(`${node.operator} compares ${from.type}`);
  const columns = from.columns.map((register) => {
    const to = builder.register('float32');
    builder.add({ kind: 'cast', from: register, to });
    return to;
  });
  return { type: 'float32', columns, isMatrix: true };
}

function scoresOf(builder: RecipeBuilder, from: Table, ensemble: Ensemble): readonly Register[] {
  const compiled = compileKernel(ensemble);
  const kernel = builder.kernel(compiled);
  const features = compiled.code.columns.map(({ feature }) => {
    const register = from.columns[feature];
    if (register === undefined)
      throw new UnsupportedModel(
        `its trees compare feature ${feature}, and it is given ${from.columns.length}`,
      );
    return register;
  });
  const to = Array.from({ length: ensemble.targets }, () => builder.register(from.type));
  builder.add({ kind: 'trees', kernel, features, to });
  return to;
}
