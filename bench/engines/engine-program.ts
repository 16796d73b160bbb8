import { readFile } from 'node:fs/promises';
import type { ElementType } from '../../src/core/model.ts';
import { ModelSession } from '../../src/inference/model-session.ts';
import type { Session } from '../../src/inference/session.ts';
import { compileModel } from '../../src/inference/trees/compile-model.ts';
import { TreeSession } from '../../src/inference/trees/tree-session.ts';
import { FEATURES } from '../data/feature-sql.ts';
import { readFeatureMatrix } from '../limits/feature-matrix.ts';
import { median } from '../measure/measurement.ts';
import type { EngineAnswer, EngineRequest } from './engine-request.ts';
import { FOREST_FEATURES, FORESTS, forestBytes, forestRows } from './forests.ts';

const BATCH_ROWS = 4096;

/** Both engines on one model, one thread each, in turn, in one process: the noise of a machine meets both alike. */
async function main(request: EngineRequest): Promise<EngineAnswer> {
  const bytes = 'forest' in request ? forestBytes(FORESTS[request.forest]) : await readFile(request.model);
  const width = 'forest' in request ? FOREST_FEATURES : FEATURES.length;
  const matrix = await matrixOf(request, width);
  const runtime = await ModelSession.openBytes('model', bytes, { threads: 1 });
  const [input] = runtime.signature.inputs;
  const outputs = runtime.signature.outputs.map(({ name }) => name);
  const start = cpuSeconds();
  const compiled = compileModel(bytes, {
    inputs: [
      {
        input: input?.name ?? '',
        elementType: (input?.elementType ?? 'float32') as ElementType,
        columns: Array.from({ length: width }, (_, index) => `f${index}`),
        rowShape: [width],
      },
    ],
    outputs,
  });
  const compileSeconds = cpuSeconds() - start;
  const trees = await TreeSession.open('model', runtime.signature, compiled.recipe);
  const score = (session: Session) => scoreAll(session, input?.name ?? '', outputs, matrix, width);
  // Both are warm then.
  const sameBits = isSame(await score(trees), await score(runtime));
  const turns = { trees: [] as number[], runtime: [] as number[] };
  for (let turn = 0; turn < request.turns; turn++)
    for (const name of ['trees', 'runtime'] as const) {
      const before = cpuSeconds();
      await score(name === 'trees' ? trees : runtime);
      turns[name].push(cpuSeconds() - before);
    }
  return {
    compileSeconds,
    treesSeconds: median(turns.trees),
    runtimeSeconds: median(turns.runtime),
    rows: request.rows,
    sameBits,
  };
}

function matrixOf(request: EngineRequest, width: number): Promise<Float32Array> | Float32Array {
  if ('forest' in request) return forestRows(request.rows);
  return readFeatureMatrix({ ...request, rowStart: 0, rowEnd: request.rows, columns: width });
}

/** The last batch's values of each output. */
async function scoreAll(
  session: Session,
  input: string,
  outputs: readonly string[],
  matrix: Float32Array,
  width: number,
): Promise<readonly ArrayLike<unknown>[]> {
  const rows = matrix.length / width;
  let values: readonly ArrayLike<unknown>[] = [];
  for (let row = 0; row < rows; row += BATCH_ROWS) {
    const end = Math.min(row + BATCH_ROWS, rows);
    const data = matrix.subarray(row * width, end * width);
    const results = await session.run(new Map([[input, { data, dims: [end - row, width] }]]), outputs);
    values = outputs.map((output) => results.get(output)?.data ?? []);
  }
  return values;
}

function isSame(one: readonly ArrayLike<unknown>[], other: readonly ArrayLike<unknown>[]): boolean {
  return one.every((values, index) =>
    Array.from(values).every((value, at) => Object.is(value, other[index]?.[at])),
  );
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

process.stdout.write(JSON.stringify(await main(JSON.parse(process.argv[2] ?? '') as EngineRequest)));
