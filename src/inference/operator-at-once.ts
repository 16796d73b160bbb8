import { type NativeSession, openNativeSession } from './native-session.ts';
import { type OperatorType, oneOperatorModel } from './onnx/one-operator.ts';
import { Tensor } from './onnxruntime.ts';

type Values = Float32Array | Float64Array;

/**
 * An operator of ONNX Runtime that makes a value of each value, for calls that are answered before they return. It is
 * given lists of one length only: a multiple of 16, so that every value goes through the processor's vectors, as in
 * batches (docs/adr/0010-batch-size.md).
 */
export class OperatorAtOnce {
  readonly #session: NativeSession;
  readonly #type: OperatorType;
  readonly #length: number;

  private constructor(session: NativeSession, type: OperatorType, length: number) {
    this.#session = session;
    this.#type = type;
    this.#length = length;
  }

  /** Null where ONNX Runtime has no such call. Throws where it does not have the operator for values of this type. */
  static open(operator: string, type: OperatorType, length: number): OperatorAtOnce | null {
    const model = oneOperatorModel(operator, type, length);
    const session = openNativeSession(model, { threads: 1 });
    return session === null ? null : new OperatorAtOnce(session, type, length);
  }

  run(from: Values, to: Values): void {
    const x = new Tensor(this.#type, from as Float32Array, [this.#length]);
    const { y } = this.#session.run({ x }, { y: null }, {});
    to.set(y?.data as Float32Array);
  }

  close(): void {
    this.#session.dispose();
  }
}
