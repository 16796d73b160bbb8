import { basename } from 'node:path';
import type { Plan } from '../../core/plan.ts';
import { parseTemplate } from '../../core/text/template.ts';
import type { GenerationInfo } from '../../kv/store.ts';
import { columnOf, valueKind } from '../../sinks/value-sql.ts';
import { partColumns } from './part-columns.ts';

/** What readers are told of a generation. The plan has a store. */
export function generationInfo(
  plan: Pick<Plan, 'runId' | 'createdAt' | 'kv' | 'model' | 'output' | 'intervals'>,
): GenerationInfo {
  if (plan.kv === null) throw new TypeError('The plan has no store');
  const { key, field, values } = plan.kv;
  const columns = partColumns(plan);
  const named = [key, field].flatMap((each) => (each === null ? [] : parseTemplate(each, 'kv.key').columns));
  return {
    runId: plan.runId,
    createdAt: plan.createdAt,
    model: basename(plan.model.path),
    modelSha256: plan.model.sha256,
    key,
    field,
    values,
    valueKind: valueKind(values, columns),
    columnTypes: Object.fromEntries(
      [...named, ...values].map((name) => [name, columnOf(name, columns).type]),
    ),
  };
}
