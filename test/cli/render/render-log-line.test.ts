import { expect, it } from 'vitest';
import { renderLogLine } from '../../../src/cli/render/render-log-line.ts';

it.each([
  [
    '{"level":40,"time":"2026-11-21T00:00:03.250Z","pid":7,"shard":3,"error":"no","msg":"is tried again"}',
    '2026-11-21 00:00:03  warning  is tried again  shard=3 error=no\n',
  ],
  [
    '{"level":30,"time":"2026-11-21T00:00:03.250Z","pid":7,"msg":"ends"}',
    '2026-11-21 00:00:03  info     ends\n',
  ],
  [
    '{"level":30,"time":"2026-11-21T00:00:03.250Z","pid":7,"job":"sales","occurrence":null,"msg":"a command begins"}',
    '2026-11-21 00:00:03  info     a command begins  job=sales\n',
  ],
  ['cut off {', 'cut off {\n'],
])('%s', (line, text) => {
  expect(renderLogLine(line)).toBe(text);
});
