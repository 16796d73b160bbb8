import { z } from 'zod';
import { makeFolder, writeFileDurably } from '../core/files/durable-file.ts';
import { jsonText, readJsonIfValid } from './json-file.ts';
import { batchSizesFile } from './layout.ts';

/** The machine that a batch size was measured on. */
export interface Machine {
  /** The processor's name for itself. */
  readonly cpu: string;
  readonly cores: number;
  /** The version of ONNX Runtime. */
  readonly onnxruntime: string;
}

/** What a batch size was found for: another model or machine has another. */
export interface BatchSizeKey extends Machine {
  readonly modelSha256: string;
  /** Bytes of a row's inputs and outputs: a model may take any number of columns. */
  readonly rowBytes: number;
  /** The device and its adapter; left out: the CPU. */
  readonly device?: string;
}

/** One line of `batch-sizes.json`. */
export interface MeasuredBatchSize extends BatchSizeKey {
  readonly batchSize: number;
  /** By batch size, as text; for people. */
  readonly rowsPerSecond: Readonly<Record<string, number>>;
  /** ISO 8601. */
  readonly measuredAt: string;
}

/** Machines may share an output folder, and models change: the oldest measurements are forgotten. */
const KEPT = 50;

const measured: z.ZodType<MeasuredBatchSize> = z.object({
  modelSha256: z.string(),
  rowBytes: z.int().nonnegative(),
  device: z.string().exactOptional(),
  cpu: z.string(),
  cores: z.int().positive(),
  onnxruntime: z.string(),
  batchSize: z.int().positive(),
  rowsPerSecond: z.record(z.string(), z.number().nonnegative()),
  measuredAt: z.iso.datetime(),
});

const fileSchema = z.object({ formatVersion: z.literal(1), measured: z.array(measured) });

/** The batch size that was measured for this model on this machine. A damaged file remembers nothing. */
export async function readBatchSize(folderOfJob: string, key: BatchSizeKey): Promise<number | undefined> {
  return (await readAll(folderOfJob)).find((each) => isSame(each, key))?.batchSize;
}

/** Remembers a measurement in place of the earlier one. The caller holds the job's lock. Throws system errors. */
export async function writeBatchSize(folderOfJob: string, found: MeasuredBatchSize): Promise<void> {
  const others = (await readAll(folderOfJob)).filter((each) => !isSame(each, found));
  await makeFolder(folderOfJob);
  await writeFileDurably(
    batchSizesFile(folderOfJob),
    jsonText({ formatVersion: 1, measured: [found, ...others].slice(0, KEPT) }),
  );
}

async function readAll(folderOfJob: string): Promise<readonly MeasuredBatchSize[]> {
  return (await readJsonIfValid(batchSizesFile(folderOfJob), fileSchema))?.measured ?? [];
}

function isSame(a: BatchSizeKey, b: BatchSizeKey): boolean {
  return (
    a.modelSha256 === b.modelSha256 &&
    a.rowBytes === b.rowBytes &&
    a.device === b.device &&
    a.cpu === b.cpu &&
    a.cores === b.cores &&
    a.onnxruntime === b.onnxruntime
  );
}
