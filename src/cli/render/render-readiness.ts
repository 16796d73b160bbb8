import type { ConditionState, Readiness } from '../../core/readiness.ts';

/** What an occurrence waits for, one line each. */
export function renderReadiness({ isReady, conditions }: Readiness): string {
  const lines = conditions.map((each) => `  ${mark(each)}  ${each.condition} (${each.found})\n`);
  return `${isReady ? 'All that the job waits for is there:' : 'An occurrence would wait for:'}\n${lines.join('')}`;
}

function mark({ isMet }: ConditionState): string {
  return isMet === null ? '?     ' : isMet ? 'there ' : 'lacks ';
}
