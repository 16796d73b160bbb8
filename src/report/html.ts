/** Text that is HTML already. Only {@link html} and {@link joinHtml} make it, so that nothing goes unescaped. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What may stand in a template: texts and numbers are escaped, HTML is taken as it is, null is nothing. */
export type HtmlPart = Html | string | number | null | readonly HtmlPart[];

/** A template whose values are escaped: `<p>${text}</p>`. Works for elements, quoted attributes and SVG. */
export function html(literals: TemplateStringsArray, ...values: readonly HtmlPart[]): Html {
  let text = literals[0] ?? '';
  values.forEach((value, index) => {
    text += htmlText(value) + (literals[index + 1] ?? '');
  });
  return new Html(text);
}

export const NOTHING = new Html('');

function htmlText(value: HtmlPart): string {
  if (value === null) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'string') return escapeHtml(value);
  if (typeof value === 'number') return String(value);
  return value.map(htmlText).join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Escapes for elements and for quoted attributes. Characters that no page may hold (controls), and those
 * that turn the direction of the text around them, are shown as U+FFFD: data must not be able to hide.
 */
export function escapeHtml(text: string): string {
  return text
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
    .replace(FORBIDDEN, '\uFFFD');
}

/** Controls except tab and line ends, lone surrogates, and the marks of text direction. */
const FORBIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to find
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
