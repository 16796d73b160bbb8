import type { TensorValue } from '../../inference/model-session.ts';
import type { Session } from '../../inference/session.ts';
import { pickRows, type TrialRows } from './trial-rows.ts';

/** What a model gave for a call, by output. */
export type Outputs = ReadonlyMap<string, TensorValue>;

/** A model and the rows that it is tried on. */
export class TrialModel {
  readonly session: Session;
  readonly rows: TrialRows;
  readonly #outputs: readonly string[];

  constructor(session: Session, rows: TrialRows, outputs: readonly string[]) {
    this.session = session;
    this.rows = rows;
    this.#outputs = outputs;
  }

  /** Calls the model with some of the rows. Throws what ONNX Runtime throws. */
  call(picked: readonly number[]): Promise<Outputs> {
    return this.session.run(pickRows(this.rows, picked), this.#outputs);
  }

  /** The same model, tried on other rows. */
  on(rows: TrialRows): TrialModel {
    return new TrialModel(this.session, rows, this.#outputs);
  }
}

/** `count` rows made of the given ones, equal ones side by side: both halves have rows of their own. */
export function spread(rows: readonly number[], count: number): number[] {
  return Array.from({ length: count }, (_, place) => rows[Math.floor((place * rows.length) / count)] ?? 0);
}
