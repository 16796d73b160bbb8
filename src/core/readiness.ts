/** One thing that an occurrence waits for, as it was found. */
export interface ConditionState {
  /** In words: `file data/_SUCCESS`. */
  readonly condition: string;
  /** Null: not looked at, since something else is not there yet. */
  readonly isMet: boolean | null;
  /** What was found: `changed at 2026-11-21T05:58:00Z`. */
  readonly found: string;
}

/** Whether the data of an occurrence is there: a snapshot of everything that it waits for. */
export interface Readiness {
  /** ISO 8601. */
  readonly checkedAt: string;
  readonly isReady: boolean;
  readonly conditions: readonly ConditionState[];
}

/** A snapshot. Pure. */
export function readinessOf(checkedAt: Date, conditions: readonly ConditionState[]): Readiness {
  const isReady = conditions.every(({ isMet }) => isMet === true);
  return { checkedAt: checkedAt.toISOString(), isReady, conditions };
}

/** What is missing: `file data/_SUCCESS (not there); 100 distinct values of store in input (97)`. */
export function missingData({ conditions }: Readiness): string {
  return conditions
    .filter(({ isMet }) => isMet === false)
    .map(({ condition, found }) => `${condition} (${found})`)
    .join('; ');
}

/** Of a run that somebody asked for: it does not wait, and says what it lacks. */
export function runsWithout(readiness: Readiness): string {
  return `the run lacks ${missingData(readiness)}; it runs, since you asked for it`;
}
