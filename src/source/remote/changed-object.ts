import { ServeBatchError } from '../../core/errors.ts';
import type { SourceFile } from '../../core/table.ts';
import { objectNow } from './find-objects.ts';

/** How an object differs from what it was: `is gone`; null: it does not. */
export async function changeOfObject(source: SourceFile): Promise<string | null> {
  const now = await objectNow(source.path);
  if (now === null) return 'is gone';
  if (now.version === source.version && now.bytes === source.bytes) return null;
  return `has ${now.bytes} bytes of ${timeOf(now)}; it had ${source.bytes} bytes of ${timeOf(source)}`;
}

/** What is thrown where an object is not there any more in the version that was planned. */
export async function changedObject(source: SourceFile): Promise<ServeBatchError> {
  return inputChanged(source.path, (await changeOfObject(source)) ?? 'changed while it was read');
}

export function inputChanged(path: string, what: string): ServeBatchError {
  return new ServeBatchError(
    'INPUT_CHANGED',
    `The input changed since the run was planned: ${path} ${what}. Nothing was published. Run the command again when the file is complete: it starts a new run for the new input.`,
    { fields: { file: path } },
  );
}

function timeOf({ modifiedMs }: SourceFile): string {
  return new Date(modifiedMs).toISOString();
}
