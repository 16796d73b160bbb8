import { boundColumns } from '../../core/accuracy.ts';
import type { Plan } from '../../core/plan.ts';
import type { Column } from '../../core/table.ts';
import { sqlTypeOf } from '../../core/tensor-data.ts';

/** The columns of a part, as the plan says them. */
export function partColumns({ output, intervals }: Pick<Plan, 'output' | 'intervals'>): readonly Column[] {
  const made = output.predictions.flatMap(({ columns, elementType, shape }) =>
    columns.map((name) => ({ name, type: `${sqlTypeOf(elementType)}${shape === 'list' ? '[]' : ''}` })),
  );
  const bounds = boundColumns(intervals).map((name) => ({ name, type: 'DOUBLE' }));
  return [...output.keptColumns, ...made, ...bounds];
}
