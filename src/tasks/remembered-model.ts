import type { ModelSignature } from '../core/model.ts';
import type { TensorValue } from '../inference/model-session.ts';
import type { Session } from '../inference/session.ts';

/**
 * A model that was compiled, and found to answer as in ONNX Runtime, before: planning asks what it takes and gives,
 * and tries it, without ONNX Runtime. That is loaded where outputs are wanted that were not compiled.
 */
export class RememberedModel implements Session {
  readonly path: string;
  readonly signature: ModelSignature;
  readonly rowLimit = null;
  readonly columns = null;
  readonly #trees: Session;
  readonly #outputs: ReadonlySet<string>;
  readonly #openRuntime: () => Promise<Session>;

  /** `outputs`: those that the trees were compiled for. */
  constructor(trees: Session, outputs: readonly string[], openRuntime: () => Promise<Session>) {
    this.path = trees.path;
    this.signature = trees.signature;
    this.#trees = trees;
    this.#outputs = new Set(outputs);
    this.#openRuntime = openRuntime;
  }

  async run(
    feeds: ReadonlyMap<string, TensorValue>,
    outputs: readonly string[],
  ): Promise<ReadonlyMap<string, TensorValue>> {
    const isCompiled = outputs.every((output) => this.#outputs.has(output));
    const session = isCompiled ? this.#trees : await this.#openRuntime();
    return session.run(feeds, outputs);
  }

  /** ONNX Runtime, where it was opened, belongs to the worker. */
  async close(): Promise<void> {
    await this.#trees.close();
  }
}
