import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder, writeFileDurably } from '../../core/durable-file.ts';
import { TREE_ENGINE_VERSION } from '../../core/engine.ts';
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
  const key = JSON.stringify([TREE_ENGINE_VERSION, modelSha256, shapes, outputs]);
  return `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.trees`;
}

/** Undefined: it is missing, or damaged in any way. */
export async function readRecipe(path: string): Promise<RecipeFile | undefined> {
  try {
    return decode(await readFile(path));
  } catch {
    return undefined;
  }
}

/** It shows under its name only when it is complete. Throws system errors. */
export async function writeRecipe(path: string, file: RecipeFile): Promise<void> {
  await makeFolder(dirname(path));
  await writeFileDurably(path, encode(file));
  await dropOldest(dirname(path));
}

interface Header {
  readonly recipe: Omit<Recipe, 'kernels'>;
  readonly kernels: readonly (Omit<KernelCode, 'program' | 'module' | 'firstScore'> & {
    readonly programStart: number;
    readonly programBytes: number;
    readonly moduleBytes: number;
    /** As text: JSON has no infinities. */
    readonly firstScore: string;
  })[];
  readonly comparedOn: ComparedOn;
}

function encode({ recipe, comparedOn }: RecipeFile): Uint8Array {
  const { kernels, ...plain } = recipe;
  const header: Header = {
    recipe: plain,
    kernels: kernels.map(({ program, module, firstScore, ...rest }) => ({
      ...rest,
      programStart: program.start,
      programBytes: program.bytes.length,
      moduleBytes: module.length,
      firstScore: String(firstScore),
    })),
    comparedOn,
  };
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  const blobs = kernels.flatMap(({ program, module }) => [program.bytes, module]);
  const content = Buffer.concat([Buffer.from(MAGIC), length, text, ...blobs]);
  return Buffer.concat([content, hashOf(content)]);
}

/** Throws where anything is not as it was written. */
function decode(bytes: Buffer): RecipeFile {
  const content = bytes.subarray(0, bytes.length - HASH_BYTES);
  if (!hashOf(content).equals(bytes.subarray(content.length))) throw new TypeError('damaged');
  if (content.toString('latin1', 0, MAGIC.length) !== MAGIC) throw new TypeError('another file');
  const textStart = MAGIC.length + 4;
  let at = textStart + content.readUInt32LE(MAGIC.length);
  const header = JSON.parse(content.toString('utf8', textStart, at)) as Header;
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
  return { recipe: { ...header.recipe, kernels }, comparedOn: header.comparedOn };
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
