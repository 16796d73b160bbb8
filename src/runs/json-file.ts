import { access } from 'node:fs/promises';
import { z } from 'zod';
import { systemErrorCode } from '../core/errors.ts';
import { NotAFileError, readTextFile } from '../core/files/regular-file.ts';

/** What a JSON file on disk turned out to be. */
export type JsonFile<T> =
  | { readonly state: 'valid'; readonly value: T }
  | { readonly state: 'missing' }
  /** Not JSON, or not of the expected shape. */
  | { readonly state: 'broken'; readonly reason: string };

/** Reads and checks a JSON file. Throws only where the system refuses to read it (permissions, I/O). */
export async function readJsonFile<T>(path: string, schema: z.ZodType<T>): Promise<JsonFile<T>> {
  let text: string;
  try {
    text = await readTextFile(path);
  } catch (error) {
    if (isMissing(error)) return { state: 'missing' };
    if (error instanceof NotAFileError) return { state: 'broken', reason: `it is ${error.kind}, not a file` };
    throw error;
  }
  return parseJson(text, schema);
}

/** The content of a JSON file, or undefined: whatever is wrong with it, it counts as not being there. */
export async function readJsonIfValid<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    const file = await readJsonFile(path, schema);
    return file.state === 'valid' ? file.value : undefined;
  } catch {
    return undefined;
  }
}

/** JSON as it stands in every file of a run: indented, so that people can read it. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Throws only where the system refuses to say. */
export async function pathExists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Whether a file system error says that the path does not exist. */
export function isMissing(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** Checks a text as the content of a JSON file. */
export function parseJson<T>(text: string, schema: z.ZodType<T>): JsonFile<T> {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    return { state: 'broken', reason: error instanceof Error ? error.message : String(error) };
  }
  const parsed = schema.safeParse(data);
  if (parsed.success) return { state: 'valid', value: parsed.data };
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? '' : `${z.core.toDotPath(issue.path)}: `;
  return { state: 'broken', reason: `${where}${issue?.message ?? 'not of the expected shape'}` };
}
