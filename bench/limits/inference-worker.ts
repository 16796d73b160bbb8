import '../../src/inference/disable-telemetry.ts';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { readFeatureMatrix } from './feature-matrix.ts';
import type { InferenceRequest, WorkerAnswer, WorkerOrder } from './inference-messages.ts';

const OUTPUT = 'sales';
const WARM_UP_ROWS = 20_000;

/** One process of the limit "inference alone": waits with its rows in memory, and scores them when told to. */
async function main(request: InferenceRequest): Promise<void> {
  const matrix = await readFeatureMatrix(request);
  const rows = matrix.length / request.columns;
  // As src/inference/model-session.ts opens models, with one thread.
  const session = await InferenceSession.create(request.model, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  });
  const input = session.inputNames[0] ?? '';

  const score = async (rowEnd: number, batchRows: number): Promise<void> => {
    for (let row = 0; row < rowEnd; row += batchRows) {
      const end = Math.min(row + batchRows, rowEnd);
      const data = matrix.subarray(row * request.columns, end * request.columns);
      await session.run({ [input]: new Tensor('float32', data, [end - row, request.columns]) }, [OUTPUT]);
    }
  };

  const timed = async (rowEnd: number, batchRows: number): Promise<WorkerAnswer> => {
    const cpu = process.cpuUsage();
    const startMs = monotonicMs();
    await score(rowEnd, batchRows);
    const endMs = monotonicMs();
    const { user, system } = process.cpuUsage(cpu);
    return { startMs, endMs, cpuSeconds: (user + system) / 1e6, rows: rowEnd };
  };

  process.on('message', async (order: WorkerOrder) => {
    const rowEnd = order.rows === null ? rows : Math.min(order.rows, rows);
    process.send?.(await timed(rowEnd, order.batchRows));
  });
  await score(Math.min(WARM_UP_ROWS, rows), 1024);
  process.send?.('ready');
}

/** Not `performance.now()`, whose zero is the start of each process. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

await main(JSON.parse(process.argv[2] ?? '') as InferenceRequest);
