import type { ModelSignature } from '../../../core/model.ts';
import type { TensorValue } from '../../model-session.ts';
import { compileModel, type ModelUse } from '../compile-model.ts';
import { type Recipe, readBy, type Step, type StepOf, writtenBy } from '../graph/recipe.ts';
import type { CompiledRecipe } from '../graph/recipe-builder.ts';
import { type Ensemble, UnsupportedModel } from '../kernel/ensemble.ts';
import { TreeSession } from '../tree-session.ts';
import { type Player, playersOf } from './players.ts';
import { addContributions, type FeatureValues, sumsOf } from './shapley.ts';

/** Why a row got its score, before the model's post transform: log-odds rather than a probability. */
export interface TargetExplanation {
  /** Label of the class, or number of the target. */
  readonly target: string;
  /** Mean score of the rows that it is compared with. */
  readonly expected: number;
  /** Score of the row: `expected` and all contributions, but for rounding. */
  readonly score: number;
  /** By player. */
  readonly contributions: readonly number[];
}

type Feeds = ReadonlyMap<string, TensorValue>;

/** The score that stands for a target: what the trees add up to for `from`, and `base`. */
interface Target {
  readonly name: string;
  readonly from: number;
  readonly base: number;
}

const FEATURES = 'features';

/** Explains what a model of trees says by what its ensemble does with each column of the inputs. */
export class TreeExplainer {
  readonly players: readonly Player[];
  /** Whether scores are the outputs of the model: no transform or arithmetic comes after them. */
  readonly isOutput: boolean;
  readonly #ensemble: Ensemble;
  readonly #features: readonly number[];
  readonly #playerOf: ReadonlyMap<number, number>;
  readonly #targets: readonly Target[];
  readonly #openFeatures: () => Promise<TreeSession>;
  #opened?: Promise<TreeSession>;

  /** Throws `UnsupportedModel`. */
  constructor(model: Uint8Array, signature: ModelSignature, use: ModelUse) {
    const compiled = compileModel(model, use);
    const { trees, end } = onlyTrees(compiled);
    const ensemble = compiled.ensembles[trees.kernel];
    const code = compiled.recipe.kernels[trees.kernel];
    if (ensemble === undefined || code === undefined) throw new TypeError('The trees have no kernel');
    if (ensemble.aggregate === 'min' || ensemble.aggregate === 'max')
      throw new UnsupportedModel(`its score is the ${ensemble.aggregate} of its trees, not their sum`);
    const { players, ofPlace } = playersOf(compiled.recipe, trees);
    this.players = players;
    this.#ensemble = ensemble;
    this.#features = code.columns.map(({ feature }) => feature);
    this.#playerOf = new Map(this.#features.map((feature, place) => [feature, ofPlace[place] ?? 0]));
    this.#targets = targetsOf(end, ensemble);
    this.isOutput = end.kind === 'regressor' && end.end.transform === 'NONE' && isLast(compiled.recipe, end);
    const recipe = featureRecipe(compiled.recipe, trees);
    this.#openFeatures = () => TreeSession.open('', signature, recipe);
  }

  /** Compares the first of `rows` with each of `others`, which are what it could have been. */
  async explain(row: Feeds, others: Feeds): Promise<readonly TargetExplanation[]> {
    const [x] = await this.#featuresOf(row);
    const background = await this.#featuresOf(others);
    if (x === undefined || background.length === 0) throw new TypeError('There is no row to compare');
    const { trees, targets } = this.#ensemble;
    const sums = new Float64Array(this.players.length * targets);
    const expected = new Float64Array(targets);
    const share = 1 / background.length;
    const playerOf = (feature: number): number => this.#playerOf.get(feature) ?? 0;
    for (const z of background) {
      addContributions({ trees, playerOf, targets, x, z, share, sums });
      sumsOf(trees, targets, z).forEach((sum, target) => {
        expected[target] = (expected[target] ?? 0) + sum * share;
      });
    }
    const scores = sumsOf(trees, targets, x);
    const scale = this.#ensemble.aggregate === 'average' ? 1 / trees.length : 1;
    return this.#targets.map(({ name, from, base }) => ({
      target: name,
      expected: (expected[from] ?? 0) * scale + base,
      score: (scores[from] ?? 0) * scale + base,
      contributions: this.players.map((_, player) => (sums[player * targets + from] ?? 0) * scale),
    }));
  }

  /** The features of each row, by their numbers in the trees. */
  async #featuresOf(feeds: Feeds): Promise<readonly FeatureValues[]> {
    this.#opened ??= this.#openFeatures();
    const values = (await (await this.#opened).run(feeds, [FEATURES])).get(FEATURES);
    const data = values?.data as Float32Array | Float64Array;
    const width = this.#features.length;
    const most = Math.max(-1, ...this.#features);
    return Array.from({ length: values?.dims[0] ?? 0 }, (_, row) => {
      const byFeature = new Float64Array(most + 1);
      this.#features.forEach((feature, place) => {
        byFeature[feature] = data[row * width + place] ?? Number.NaN;
      });
      return byFeature;
    });
  }
}

type EndStep = StepOf<'regressor'> | StepOf<'classifier'>;

function onlyTrees({ recipe }: CompiledRecipe): { readonly trees: StepOf<'trees'>; readonly end: EndStep } {
  const [trees, ...more] = recipe.steps.filter((step) => step.kind === 'trees');
  if (trees === undefined) throw new UnsupportedModel('it has no tree ensemble');
  if (more.length > 0) throw new UnsupportedModel(`it has ${more.length + 1} tree ensembles`);
  const end = recipe.steps.find((step) => step.kind === 'regressor' || step.kind === 'classifier');
  if (end === undefined) throw new TypeError('The trees have no end');
  return { trees, end };
}

function isLast({ outputs }: Recipe, { to }: EndStep): boolean {
  return outputs.every(({ columns }) => columns.every((register) => to.includes(register)));
}

/** Of two classes with votes for one of them, that score tells both: it is the second one's. */
function targetsOf(step: EndStep, { targets }: Ensemble): readonly Target[] {
  const { baseValues } = step.end;
  if (step.kind === 'regressor') {
    const shared = targets === 1 ? (baseValues[0] ?? 0) : 0;
    return Array.from({ length: targets }, (_, from) => ({
      name: String(from),
      from,
      base: baseValues.length === targets ? (baseValues[from] ?? 0) : shared,
    }));
  }
  const { labels, voted } = step.end;
  const only = labels.length === 2 && voted.filter(Boolean).length === 1 ? voted.indexOf(true) : -1;
  if (only === -1)
    return labels.map((label, from) => ({ name: String(label), from, base: baseValues[from] ?? 0 }));
  return [{ name: String(labels[1]), from: only, base: only === 0 ? (baseValues.at(-1) ?? 0) : 0 }];
}

/** What makes the features, without the trees. */
function featureRecipe({ registers, steps }: Recipe, { features }: StepOf<'trees'>): Recipe {
  const needed = new Set(features);
  const kept: Step[] = [];
  for (const step of steps.toReversed()) {
    if (!writtenBy(step).some((register) => needed.has(register))) continue;
    for (const register of readBy(step)) needed.add(register);
    kept.unshift(step);
  }
  const type = registers[features[0] ?? 0] ?? 'float32';
  const output = { name: FEATURES, type, columns: features, isMatrix: true };
  return { registers, steps: kept, kernels: [], outputs: [output] };
}
