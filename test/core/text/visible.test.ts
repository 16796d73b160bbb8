import { expect, it } from 'vitest';
import { OWN_LINE, visible } from '../../../src/core/text/visible.ts';

it.each([
  ['a sequence that clears the screen', 'a\x1b[2Jb', 'a\\x1b[2Jb'],
  ['one that paints, as this program does itself', '\x1b[32mok\x1b[0m', '\\x1b[32mok\\x1b[0m'],
  ['one of a single byte', 'a\x9b2Jb', 'a\\x9b2Jb'],
  ['a return that hides what came before', 'rm -rf\rls', 'rm -rf\\x0dls'],
  ['a backspace, a bell, a null', '\b\x07\0', '\\x08\\x07\\x00'],
  ['text that runs backwards', 'a\u202eb', 'a\\u{202e}b'],
  ['newlines, tabs and letters of all kinds', 'å\t漢\n😀', 'å\t漢\n😀'],
])('shows %s', (_, text, expected) => {
  expect(visible(text)).toBe(expected);
});

it('leaves the beginning of a line of progress, and the same nowhere else', () => {
  expect(visible('\r\x1b[2Kscore', OWN_LINE)).toBe('\r\x1b[2Kscore');
  expect(visible('error: \r\x1b[2K', OWN_LINE)).toBe('error: \\x0d\\x1b[2K');
});
