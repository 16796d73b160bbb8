import { describe, expect, it } from 'vitest';
import { ERROR_KINDS, EXIT } from '../../src/core/errors.ts';
import { codeSpans, readDoc, sectionOf, tableRows } from './markdown.ts';

const PAGE = readDoc('docs/errors.md');
const codes = tableRows(sectionOf(PAGE, '## Error codes'));

describe('docs/errors.md', () => {
  it('lists every exit code, and no other', () => {
    const listed = tableRows(sectionOf(PAGE, '## Exit codes')).map(([code]) => Number(code));
    expect(listed).toEqual(Object.values(EXIT));
  });

  it('lists every error code, and no other', () => {
    const listed = codes.map(([code = '']) => codeSpans(code)[0] ?? '');
    expect([...listed].sort()).toEqual(Object.keys(ERROR_KINDS).sort());
  });

  it.each(Object.entries(ERROR_KINDS))('says of %s what the code says, and what to do', (code, kind) => {
    const row = codes.find(([cell]) => cell === `\`${code}\``);
    const [, exitCode, retryable, meaning, whatToDo] = row ?? [];
    expect(Number(exitCode)).toBe(kind.exitCode);
    expect(retryable).toBe(kind.retryable ? 'yes' : 'no');
    expect(meaning).toBe(kind.summary);
    expect(whatToDo).toMatch(/\w+.*\.$/);
  });
});
