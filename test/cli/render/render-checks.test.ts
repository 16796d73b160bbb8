import { expect, it } from 'vitest';
import type { CheckGroup } from '../../../src/cli/doctor/check.ts';
import { renderChecks } from '../../../src/cli/render/render-checks.ts';

const GROUPS: readonly CheckGroup[] = [
  {
    name: 'Job \x1b[32msales',
    checks: [{ mark: 'fail', name: 'model\x1b[0m', text: '\x1b[32mok\x1b[0m', code: null, facts: {} }],
  },
];

it('colours the words of this program, and shows the sequences of the data as text', () => {
  const lines = renderChecks(GROUPS, { colour: true }).split('\n');
  expect(lines).toEqual([
    'Job \\x1b[32msales',
    '  \x1b[31mFAIL\x1b[0m  model\\x1b[0m  \\x1b[32mok\\x1b[0m',
    '',
  ]);
});
