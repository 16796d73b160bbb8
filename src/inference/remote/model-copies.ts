import { copyFile, link, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { ServeBatchError, systemErrorCode } from '../../core/errors.ts';
import { download } from '../../storage/download.ts';
import type { ObjectHead } from '../../storage/object-storage.ts';
import { type Located, locate } from '../../storage/open-bucket.ts';
import { parseOnnxFile } from '../onnx/onnx-file.ts';
import { ModelCache } from './model-cache.ts';

/** A model that is replaced while it is read is read again, so often. */
const MOST_ATTEMPTS = 5;
/** Beside a copy: the names of the files that hold its weights, so that it need not be read to know them. */
const WEIGHTS = '.weights.json';

/** By address: the copy of the version that this process saw last. */
const SEEN = new Map<string, Promise<string>>();

/** See `localModel`. */
export function copySeen(address: string): Promise<string> {
  return SEEN.get(address) ?? copyNow(address);
}

/** See `localModelNow`. */
export function copyNow(address: string): Promise<string> {
  const copy = obtain(address);
  SEEN.set(address, copy);
  // Whoever asks next looks again.
  copy.catch(() => {
    if (SEEN.get(address) === copy) SEEN.delete(address);
  });
  return copy;
}

/** See `useCopy` of local-model.ts. */
export function useCopy(address: string, file: string): void {
  SEEN.set(address, Promise.resolve(file));
}

export async function assertThere(address: string): Promise<void> {
  const { storage, key } = await locate(address);
  if ((await storage.head(key)) === null) throw notThere(address);
}

/** One object of a model: the .onnx file, or a file of weights beside it. */
interface ModelObject {
  /** Relative to the folder of the model. */
  readonly name: string;
  readonly located: Located;
  readonly head: ObjectHead;
}

async function obtain(address: string): Promise<string> {
  const located = await locate(address);
  const name = located.key.slice(located.key.lastIndexOf('/') + 1);
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const model = name === '' ? null : await objectAt(located, name);
    if (model === null) throw notThere(address);
    const file = await copyOf(address, model);
    if (file !== null) return file;
  }
  throw new ServeBatchError(
    'STORAGE_UNAVAILABLE',
    `The model ${address} is replaced again and again while it is read. Run the same command again when it stays as it is.`,
    { fields: { model: address } },
  );
}

/** The model with what lies beside it of its weights. Null: some of it was replaced meanwhile. */
async function copyOf(address: string, model: ModelObject): Promise<string | null> {
  const cache = await ModelCache.of(address);
  try {
    const folder = await cache.obtain([versionOf(model)], async (target) => {
      if (!(await downloadInto(target, model))) return false;
      const weights = JSON.stringify(await weightsOf(join(target, model.name)));
      await writeFile(join(target, WEIGHTS), weights, { flag: 'wx' });
      return true;
    });
    return folder === null ? null : await withWeights(cache, model, folder);
  } catch (error) {
    throw error instanceof ServeBatchError ? error : notWritten(address, cache, error);
  }
}

async function withWeights(cache: ModelCache, model: ModelObject, own: string): Promise<string | null> {
  const file = join(own, model.name);
  const names = JSON.parse(await readFile(join(own, WEIGHTS), 'utf8')) as readonly string[];
  if (names.length === 0) return file;
  const { storage, key } = model.located;
  const folder = key.slice(0, key.lastIndexOf('/') + 1);
  const objects = names.map((name) => objectAt({ storage, key: `${folder}${keyOf(name)}` }, name));
  // What is missing is reported where the model is loaded, with the name of the tensor.
  const weights = (await Promise.all(objects)).filter((each) => each !== null);
  const whole = await cache.obtain([model, ...weights].map(versionOf), async (target) => {
    await link(file, join(target, model.name)).catch(() => copyFile(file, join(target, model.name)));
    for (const each of weights) if (!(await downloadInto(target, each))) return false;
    return true;
  });
  return whole === null ? null : join(whole, model.name);
}

/** Names of files below the model's folder. A model that is damaged is reported by whoever reads it next. */
async function weightsOf(file: string): Promise<readonly string[]> {
  try {
    const { externalDataFiles } = parseOnnxFile(await readFile(file));
    return externalDataFiles.filter((name) => join(dirname(file), name).startsWith(dirname(file) + sep));
  } catch {
    return [];
  }
}

/** `./weights.bin` is `weights.bin`. */
function keyOf(name: string): string {
  return join('/', name).slice(1).split(sep).join('/');
}

async function objectAt(located: Located, name: string): Promise<ModelObject | null> {
  const head = await located.storage.head(located.key);
  return head === null ? null : { name, located, head };
}

function versionOf({ name, head }: ModelObject): readonly string[] {
  return [name, head.version, String(head.bytes)];
}

/** False where the object is not that version any more. */
async function downloadInto(folder: string, { name, located, head }: ModelObject): Promise<boolean> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  return (await download(located, head, path)) && (await stat(path)).size === head.bytes;
}

function notThere(address: string): ServeBatchError {
  return new ServeBatchError(
    'MODEL_NOT_FOUND',
    `There is no model ${address}. Check the address: the bucket has no object of that key.`,
    { fields: { model: address } },
  );
}

function notWritten(address: string, { folder }: ModelCache, error: unknown): ServeBatchError {
  const code = systemErrorCode(error);
  const reason = error instanceof Error ? error.message : String(error);
  return new ServeBatchError(
    code === 'ENOSPC' || code === 'EDQUOT' ? 'DISK_FULL' : 'MODEL_UNREADABLE',
    `The model ${address} cannot be copied to ${folder}: ${reason}. Free space there, or name another folder for copies with XDG_CACHE_HOME.`,
    { cause: error, fields: { model: address } },
  );
}
