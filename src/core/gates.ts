/** What a gate compares a run with: the published run, the last one of the same weekday, or a file of rows. */
export type GateReference =
  | { readonly kind: 'last' }
  | { readonly kind: 'weekday' }
  | { readonly kind: 'file'; readonly path: string };

interface NamedGate {
  /** What messages and records call it. */
  readonly name: string;
}

interface ComparingGate extends NamedGate {
  readonly against: GateReference;
}

/** The number of rows, as a whole and of each segment. */
export interface RowsGate extends ComparingGate {
  readonly kind: 'rows';
  /** Columns of the parts whose values make the segments; empty: only the whole run. */
  readonly by: readonly string[];
  /** By which share the number may differ; 0.05 is 5 %. */
  readonly change: number;
}

/** What each value may be. */
export interface ValuesGate extends NamedGate {
  readonly kind: 'values';
  readonly by: readonly string[];
  /** Numeric columns of the parts. Null: all predictions that are numbers. */
  readonly columns: readonly string[] | null;
  readonly min: number | null;
  readonly max: number | null;
  /** The share of values that may be null, NaN or infinite. */
  readonly nulls: number;
  /** Whether all values may be the same. */
  readonly constant: boolean;
}

/** How far distributions may move. */
export interface DriftGate extends ComparingGate {
  readonly kind: 'drift';
  readonly by: readonly string[];
  /** Predictions, features and kept columns. Null: all predictions and features. */
  readonly columns: readonly string[] | null;
  /** Population stability index. Null in each: not looked at. */
  readonly psi: number | null;
  /** Distance of Kolmogorov and Smirnov. */
  readonly ks: number | null;
  /** Of the mean, as a share of the mean before. */
  readonly mean: number | null;
  /** Of the deciles 10, 50 and 90, as a share of the distance between the outer two. */
  readonly quantiles: number | null;
  /** Whether categories must be the same as before. */
  readonly categories: boolean;
}

/** For how many keys the values may, or must, have changed. */
export interface ChangedGate extends ComparingGate {
  readonly kind: 'changed';
  /** Numeric columns. Null: all predictions that are numbers. */
  readonly columns: readonly string[] | null;
  /** Columns that say which rows belong together; their values are averaged. Null: those of `kv.key`. */
  readonly key: readonly string[] | null;
  /** A value counts as changed where it differs by more than this share of the larger of the two. */
  readonly by: number;
  readonly most: number | null;
  readonly least: number | null;
}

/** A SELECT of wrong rows, or of one BOOLEAN that must be true. */
export interface SqlGate extends NamedGate {
  readonly kind: 'sql';
  readonly select: string;
}

/** The model must be the one that made the published run. */
export interface ModelGate extends ComparingGate {
  readonly kind: 'model';
}

/** How good the runs before were, once it was known what came true. */
export interface AccuracyGate extends NamedGate {
  readonly kind: 'accuracy';
  /** So many of the newest scored runs are looked at, together. */
  readonly runs: number;
  /** Null in each: not looked at. */
  readonly wape: number | null;
  /** The bias as a share of the actuals, up or down. */
  readonly bias: number | null;
  /** By which share errors may be larger than those of the naive forecast. */
  readonly naive: number | null;
}

export type GateSpec = RowsGate | ValuesGate | DriftGate | ChangedGate | SqlGate | ModelGate | AccuracyGate;
export type GateKind = GateSpec['kind'];

export const GATE_KINDS = ['rows', 'values', 'drift', 'changed', 'sql', 'model', 'accuracy'] as const;

/** `not compared`: there was nothing to compare with. */
export const GATE_VERDICTS = ['passed', 'failed', 'not compared'] as const;
export type GateVerdict = (typeof GATE_VERDICTS)[number];

/** One thing that a gate found wrong. */
export interface GateFinding {
  /** `store=7`; null: the whole run. */
  readonly segment: string | null;
  readonly column: string | null;
  /** What was measured, and what is allowed: `psi 3.41, at most 0.2`. */
  readonly text: string;
  /** Rows or keys that show it. */
  readonly examples: readonly string[];
}

export interface GateResult {
  readonly name: string;
  readonly kind: GateKind;
  readonly verdict: GateVerdict;
  /** Why it was not compared, or what was compared with. */
  readonly detail: string;
  /** All that was wrong; `findings` holds the first of it. */
  readonly failures: number;
  readonly findings: readonly GateFinding[];
}

/** What a finding says in messages: `store=7: sales: psi 3.41, at most 0.2 (for example store=7 product=2)`. */
export function findingText({ segment, column, text, examples }: GateFinding): string {
  const about = [segment, column].filter((each) => each !== null).map((each) => `${each}: `);
  return `${about.join('')}${text}${examples.length === 0 ? '' : ` (for example ${examples.join('; ')})`}`;
}

export function failedGates<G extends Pick<GateResult, 'verdict'>>(gates: readonly G[] = []): readonly G[] {
  return gates.filter(({ verdict }) => verdict === 'failed');
}
