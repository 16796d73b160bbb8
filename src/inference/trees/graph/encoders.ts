import type { GraphNode } from '../../onnx/onnx-graph.ts';
import { UnsupportedModel } from '../kernel/ensemble.ts';
import { Attributes } from '../read/attributes.ts';
import type { Follow } from './make-recipe.ts';
import type { RegisterType } from './recipe.ts';
import type { RecipeBuilder } from './recipe-builder.ts';

/** Operators that turn categories into numbers. */
export const ENCODERS: readonly (readonly [string, Follow])[] = [
  ['ai.onnx.ml LabelEncoder', encodeLabels],
  ['ai.onnx.ml OneHotEncoder', encodeOneHot],
];

/** The types of LabelEncoder, with the ends of the names of its attributes and its default for other values. */
const LABELS = [
  { type: 'string', plural: 'strings', default: 'default_string', otherwise: '_Unused' },
  { type: 'int64', plural: 'int64s', default: 'default_int64', otherwise: -1 },
  { type: 'float32', plural: 'floats', default: 'default_float', otherwise: -0 },
] as const;

function encodeLabels(node: GraphNode, builder: RecipeBuilder): void {
  const from = builder.input(node);
  const attributes = new Attributes(node);
  const list = (prefix: string, plural: string): readonly (string | number)[] =>
    plural === 'strings'
      ? attributes.texts(`${prefix}_${plural}`)
      : attributes.numbers(`${prefix}_${plural}`).length > 0
        ? attributes.numbers(`${prefix}_${plural}`)
        : attributes.ints(`${prefix}_${plural}`);
  const key = LABELS.find(({ type }) => type === from.type);
  const value = LABELS.find(({ plural }) => list('values', plural).length > 0);
  const keys = key === undefined ? [] : list('keys', key.plural);
  if (keys.length === 0 || value === undefined || from.type === 'float32')
    throw new UnsupportedModel('LabelEncoder has its labels in another way than as texts or whole numbers');
  const given = attributes.get(value.default);
  const otherwise =
    given === undefined
      ? value.otherwise
      : value.type === 'string'
        ? given.text
        : value.type === 'int64'
          ? attributes.int(value.default, 0)
          : given.float;
  const values = list('values', value.plural);
  builder.each(node, from, value.type, (register, _, to) => ({
    kind: 'lookup',
    from: register,
    keys,
    values: values.map(withoutNan),
    otherwise: withoutNan(otherwise),
    to,
  }));
}

function encodeOneHot(node: GraphNode, builder: RecipeBuilder): void {
  const from = builder.input(node);
  const attributes = new Attributes(node);
  const categories: readonly (string | number)[] =
    from.type === 'string' ? attributes.texts('cats_strings') : attributes.ints('cats_int64s');
  if (from.type !== 'string' && from.type !== 'int64')
    throw new UnsupportedModel(`OneHotEncoder encodes ${from.type}`);
  if (attributes.int('zeros', 1) === 0)
    throw new UnsupportedModel('OneHotEncoder fails for unknown categories');
  // What it makes of several columns has three dimensions, and the Flatten after it lays them side by side.
  if (new Set(categories).size !== categories.length || categories.length === 0)
    throw new UnsupportedModel('OneHotEncoder has no categories, or one twice');
  const type: RegisterType = 'float32';
  const columns = from.columns.flatMap((register) =>
    categories.map((value) => {
      const to = builder.register(type);
      builder.add({ kind: 'equals', from: register, value, to });
      return to;
    }),
  );
  builder.set(node.outputs[0], { type, columns, isMatrix: true });
}

/** As JSON has it. */
function withoutNan(value: string | number): string | number | null {
  return typeof value === 'number' && Number.isNaN(value) ? null : value;
}
