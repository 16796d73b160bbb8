import { type Html, type HtmlPart, html } from '../../report/html.ts';

export interface StackColumn {
  readonly name: string;
  readonly isNumber?: boolean;
}

/**
 * A table whose rows become small lists where there is little room. The first column names the rows. A browser
 * forgets that it is a table where it is drawn as something else: the roles say it again.
 */
export function stackTable(
  label: string,
  columns: readonly StackColumn[],
  rows: readonly (readonly HtmlPart[])[],
): Html {
  const heads = columns.map(
    ({ name, isNumber }) =>
      html`<th scope="col" role="columnheader"${isNumber === true ? NUMBER : null}>${name}</th>`,
  );
  return html`<table class="stack" role="table" aria-label="${label}"><thead role="rowgroup"><tr role="row">${heads}</tr></thead><tbody role="rowgroup">${rows.map(
    (row) => html`<tr role="row">${row.map((content, index) => cell(content, index, columns[index]))}</tr>\n`,
  )}</tbody></table>`;
}

const NUMBER = html` class="n"`;

function cell(content: HtmlPart, index: number, column: StackColumn | undefined): Html {
  if (index === 0) return html`<th scope="row" role="rowheader">${content}</th>`;
  const isNumber = column?.isNumber === true;
  // One element: in a list, name and content stand side by side.
  return html`<td role="cell" data-name="${column?.name ?? ''}"${isNumber ? NUMBER : null}><div>${content}</div></td>`;
}
