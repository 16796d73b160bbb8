import { visible } from '../../core/text/visible.ts';
import type { Check, CheckGroup, Mark } from '../doctor/check.ts';

const WORDS: Readonly<Record<Mark, string>> = { ok: 'ok', info: 'info', warn: 'warn', fail: 'FAIL' };
/** SGR codes: green, none, yellow, red. */
const COLOURS: Readonly<Record<Mark, string>> = { ok: '32', info: '0', warn: '33', fail: '31' };
const WORD_WIDTH = 4;

/**
 * Groups with a line for each check; the name of several checks in a row is written once. The words have colours
 * where that is asked, and nothing else has: names and texts come of the machine and its data.
 */
export function renderChecks(
  groups: readonly CheckGroup[],
  { colour }: { readonly colour: boolean },
): string {
  const width = Math.max(...groups.flatMap(({ checks }) => checks.map(({ name }) => name.length)));
  return groups
    .map(({ name, checks }) => {
      const lines = checks.map((check, index) => {
        const label = checks[index - 1]?.name === check.name ? '' : check.name;
        return `  ${word(check, colour)}  ${visible(`${label.padEnd(width)}  ${check.text}`)}\n`;
      });
      return `${visible(name)}\n${lines.join('')}`;
    })
    .join('\n');
}

function word({ mark }: Check, colour: boolean): string {
  const text = WORDS[mark].padEnd(WORD_WIDTH);
  return colour && mark !== 'info' ? `\x1b[${COLOURS[mark]}m${text}\x1b[0m` : text;
}
