import type { Plan } from '../core/plan.ts';
import { segmentsOf } from '../source/file-rows.ts';
import { assertUnchanged } from '../source/files/fingerprint.ts';

/**
 * Throws `INPUT_CHANGED` where what rows of the input are made of is not as it was when the run was planned. A
 * staged copy is ours and does not change; the sources of rows that are read directly might.
 */
export async function assertSourcesUnchanged(
  plan: Pick<Plan, 'input' | 'features'>,
  range: { readonly rowStart: number; readonly rowEnd: number },
): Promise<void> {
  const { staged, grid, sources: all } = plan.input;
  const tables = [...(plan.features.select?.tables ?? []), ...(grid?.tables ?? [])];
  await assertUnchanged(tables.flatMap(({ sources }) => sources));
  if (staged) return;
  if (grid !== null) return assertUnchanged(all);
  const used = new Set(
    segmentsOf(plan.input.files, range.rowStart, range.rowEnd).map(({ file }) => file.path),
  );
  await assertUnchanged(all.filter(({ path }) => used.has(path)));
}
