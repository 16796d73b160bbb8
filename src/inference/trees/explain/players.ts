import { type Recipe, type Register, readBy, type Step, type StepOf, writtenBy } from '../graph/recipe.ts';

export interface InputColumnName {
  readonly input: string;
  readonly column: number;
}

/** Columns of the model's inputs that are made into the same features: they share their contribution. */
export type Player = readonly InputColumnName[];

export interface Players {
  /** Columns that no tree looks at are in none. */
  readonly players: readonly Player[];
  /** The player of each feature, by its position in the kernel's columns. */
  readonly ofPlace: readonly number[];
}

/** Goes back from the features of trees to the columns that they are made of: by scalers, imputers and encoders. */
export function playersOf(recipe: Recipe, { features }: StepOf<'trees'>): Players {
  const makers = new Map(recipe.steps.flatMap((step) => writtenBy(step).map((to) => [to, step] as const)));
  const groups: InputColumnName[][] = [];
  const groupOf = (register: Register): InputColumnName[] => {
    const columns = columnsOf(makers, register);
    const found = groups.filter((group) => columns.some((column) => holds(group, column)));
    const merged = found[0] ?? [];
    for (const column of [...found.slice(1).flat(), ...columns])
      if (!holds(merged, column)) merged.push(column);
    if (found.length === 0) groups.push(merged);
    for (const other of found.slice(1)) groups.splice(groups.indexOf(other), 1);
    return merged;
  };
  for (const register of features) groupOf(register);
  return { players: groups, ofPlace: features.map((register) => groups.indexOf(groupOf(register))) };
}

function columnsOf(makers: ReadonlyMap<Register, Step>, register: Register): readonly InputColumnName[] {
  const step = makers.get(register);
  if (step === undefined) return [];
  if (step.kind === 'load') return [{ input: step.input, column: step.column }];
  return readBy(step).flatMap((from) => columnsOf(makers, from));
}

function holds(group: Player, { input, column }: InputColumnName): boolean {
  return group.some((each) => each.input === input && each.column === column);
}
