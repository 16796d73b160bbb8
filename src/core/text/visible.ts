/** Controls but newline and tab, and marks that turn the direction of what follows. */
const CONTROL = /(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** How a line of progress is taken back: at the beginning of what is written, and nowhere else. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
export const OWN_LINE = /^(\r\u001b\[2K)/;

/**
 * Text as a terminal or a log may have it: names and values of the data may hold sequences that move the cursor, hide
 * text, paint it green or set the title of the window, so that each control character is shown as what it is, `\x1b`.
 * Colours of this program are added later, to text that is visible already.
 * @param own sequences that stay, in a group
 */
export function visible(text: string, own: RegExp | null = null): string {
  if (own === null) return text.replace(CONTROL, shown);
  return text
    .split(own)
    .map((piece, index) => (index % 2 === 1 ? piece : piece.replace(CONTROL, shown)))
    .join('');
}

function shown(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return code < 256 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`;
}
