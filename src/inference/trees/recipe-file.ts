import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { TREE_ENGINE_VERSION } from '../../core/engine.ts';
import { makeFolder, writeFileDurably } from '../../core/files/durable-file.ts';
import type { ModelSignature } from '../../core/model.ts';
import type { ModelUse } from './compile-model.ts';
import type { Recipe } from './graph/recipe.ts';
import type { KernelCode } from './kernel/kernel-code.ts';

/** Where the answers of a recipe were found to be those of ONNX Runtime. */
export interface ComparedOn {
  readonly onnxruntime: string;
  /** The processor's name for itself, and the platform: its mathematical library may be another. */
  readonly cpu: string;
  readonly platform: string;
}

export interface RecipeFile {
  readonly recipe: Recipe;
  readonly comparedOn: ComparedOn;
  /** What ONNX Runtime says of the model, for planning without it; null: it takes calls of one size only. */
  readonly signature: ModelSignature | null;
}

/** A folder keeps so many: models change. */
const KEPT = 8;

const MAGIC = 'serve-batch trees\n';
const HASH_BYTES = 32;

/** The name of the file of a model, for what a job takes of it and this version of the engine. */
export function recipeName(modelSha256: string, { inputs, outputs }: ModelUse): string {
  const shapes = inputs.map(({ input, elementType, columns, rowShape }) => [
    input,
    elementType,
    columns.length,
    rowShape.length,
  ]);
  const key = JSON.stringify([TREE_ENGINE_VERSION, shapes, outputs]);
  return `${modelSha256}-${createHash('sha256').update(key).digest('hex').slice(0, 16)}.trees`;
}

/** What was compiled of a model, for whatever a job took of it, on a machine like this one. */
export async function findRecipe(
  folder: string,
  modelSha256: string,
  here: ComparedOn,
): Promise<RecipeFile | undefined> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(`${modelSha256}-`)) continue;
    const found = await readRecipe(join(folder, name));
    if (found !== undefined && isSameMachine(found.comparedOn, here)) return found;
  }
  return undefined;
}

export function isSameMachine(one: ComparedOn, other: ComparedOn): boolean {
  return one.onnxruntime === other.onnxruntime && one.cpu === other.cpu && one.platform === other.platform;
}

/** Undefined: it is missing, damaged in any way, or the file of another model under this name. */
export async function readRecipe(path: string): Promise<RecipeFile | undefined> {
  try {
    return decode(await readFile(path), basename(path));
  } catch {
    return undefined;
  }
}

/** It shows under its name only when it is complete. Throws system errors. */
export async function writeRecipe(path: string, file: RecipeFile): Promise<void> {
  await makeFolder(dirname(path));
  await writeFileDurably(path, encode(file, basename(path)));
  await dropOldest(dirname(path));
}

interface Header {
  /** Of the file: a copy of it under another name says nothing of the model that is named there. */
  readonly name: string;
  readonly recipe: Omit<Recipe, 'kernels'>;
  readonly kernels: readonly (Omit<KernelCode, 'program' | 'module' | 'firstScore'> & {
    readonly programStart: number;
    readonly programBytes: number;
    readonly moduleBytes: number;
    /** As text: JSON has no infinities. */
    readonly firstScore: string;
  })[];
  readonly comparedOn: ComparedOn;
  readonly version: string;
  readonly signature: ModelSignature | null;
}

function encode({ recipe, comparedOn, signature }: RecipeFile, name: string): Uint8Array {
  const { kernels, ...plain } = recipe;
  const header: Header = {
    name,
    recipe: plain,
    kernels: kernels.map(({ program, module, firstScore, ...rest }) => ({
      ...rest,
      programStart: program.start,
      programBytes: program.bytes.length,
      moduleBytes: module.length,
      firstScore: String(firstScore),
    })),
    comparedOn,
    version: TREE_ENGINE_VERSION,
    signature,
  };
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  const blobs = kernels.flatMap(({ program, module }) => [program.bytes, module]);
  const content = Buffer.concat([Buffer.from(MAGIC), length, text, ...blobs]);
  return Buffer.concat([content, hashOf(content)]);
}

/** Throws where anything is not as it was written. */
function decode(bytes: Buffer, name: string): RecipeFile {
  const content = bytes.subarray(0, bytes.length - HASH_BYTES);
  if (!hashOf(content).equals(bytes.subarray(content.length))) throw new TypeError('damaged');
  if (content.toString('latin1', 0, MAGIC.length) !== MAGIC) throw new TypeError('another file');
  const textStart = MAGIC.length + 4;
  let at = textStart + content.readUInt32LE(MAGIC.length);
  const header = JSON.parse(content.toString('utf8', textStart, at)) as Header;
  if (header.version !== TREE_ENGINE_VERSION) throw new TypeError('another version');
  if (header.name !== name) throw new TypeError('the file of another model');
  const take = (length: number): Uint8Array => {
    at += length;
    return content.subarray(at - length, at);
  };
  const kernels = header.kernels.map(({ programStart, programBytes, moduleBytes, firstScore, ...rest }) => ({
    ...rest,
    program: { start: programStart, bytes: take(programBytes) },
    module: take(moduleBytes),
    firstScore: Number(firstScore),
  }));
  const { recipe, comparedOn, signature } = header;
  return { recipe: { ...recipe, kernels }, comparedOn, signature };
}

function hashOf(content: Uint8Array): Buffer {
  return createHash('sha256').update(content).digest();
}

async function dropOldest(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.trees'));
  const files = await Promise.all(
    names.map(async (name) => ({ name, modifiedMs: (await stat(join(folder, name))).mtimeMs })),
  );
  const old = files.sort((a, b) => b.modifiedMs - a.modifiedMs).slice(KEPT);
  for (const { name } of old) await rm(join(folder, name), { force: true });
}
