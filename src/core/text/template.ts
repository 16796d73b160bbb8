import { ServeBatchError } from '../errors.ts';

/** A key or field template such as `{store}:{product}`: text and column names in turn. */
export interface Template {
  readonly text: string;
  readonly columns: readonly string[];
  /** `literals[i]` stands before `columns[i]`; one more literal stands at the end. */
  readonly literals: readonly string[];
}

/** Reads `{store}:{product}`. `{{` and `}}` are literal braces. Throws `JOB_FILE` for anything unbalanced. */
export function parseTemplate(text: string, where: string): Template {
  const columns: string[] = [];
  const literals: string[] = [];
  let literal = '';
  const pattern = /\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+/g;
  for (const match of text.matchAll(pattern)) {
    const [token, column] = match;
    if (token === '{{') literal += '{';
    else if (token === '}}') literal += '}';
    else if (column !== undefined && column !== '') {
      columns.push(column);
      literals.push(literal);
      literal = '';
    } else if (token === '{' || token === '}' || column === '') {
      throw new ServeBatchError(
        'JOB_FILE',
        `${where} is "${text}", where a brace stands alone. Write columns as {store}, a literal brace as {{ or }}.`,
      );
    } else literal += token;
  }
  literals.push(literal);
  if (columns.length === 0)
    throw new ServeBatchError(
      'JOB_FILE',
      `${where} is "${text}" and names no column. Write for example "{store}:{product}".`,
    );
  return { text, columns, literals };
}

/** Fills a template from the text of each of its columns. */
export function fillTemplate(template: Template, textOf: (column: string) => string): string {
  let filled = '';
  template.columns.forEach((column, index) => {
    filled += template.literals[index] + textOf(column);
  });
  return filled + (template.literals[template.columns.length] ?? '');
}
