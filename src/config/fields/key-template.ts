import { ServeBatchError, toServeBatchError } from '../../core/errors.ts';
import { parseTemplate, type Template } from '../../core/text/template.ts';

export const TEMPLATE_EXPECTED =
  'a text in quotes with columns in braces ({{ and }} are literal braces). Write for example "{store}:{product}".';

export function isTemplate(text: string): boolean {
  try {
    parseTemplate(text, '');
    return true;
  } catch {
    return false;
  }
}

/**
 * The template of `--key store,product`: `{store}:{product}`. One with braces is taken as it is, put
 * together again where its commas were split. Throws `USAGE`.
 */
export function templateOfFlag(parts: readonly string[], flag: string): Template {
  const written = parts.some((part) => /[{}]/.test(part))
    ? parts.join(',')
    : parts.map((column) => `{${column}}`).join(':');
  try {
    return parseTemplate(written, flag);
  } catch (error) {
    throw new ServeBatchError('USAGE', toServeBatchError(error).message, { cause: error });
  }
}
