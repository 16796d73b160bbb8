import { type Html, html } from './html.ts';

/** A cell: text, HTML, or a number that is formatted already and stands to the right. */
export type Cell = string | Html | NumberCell;

interface NumberCell {
  readonly number: string;
}

export function numberCell(text: string): Cell {
  return { number: text };
}

/** A table. The first column names the rows. Wide ones scroll by themselves. */
export function dataTable(header: readonly string[], rows: readonly (readonly Cell[])[]): Html {
  const isNumber = header.map((_, column) => rows.some((row) => isNumberCell(row[column])));
  const heads = header.map(
    (name, column) => html`<th scope="col"${isNumber[column] ? NUMBER : null}>${name}</th>`,
  );
  return html`<div class="scroll"><table><thead><tr>${heads}</tr></thead><tbody>${rows.map(
    (row) => html`<tr>${row.map(cellHtml)}</tr>`,
  )}</tbody></table></div>`;
}

const NUMBER = html` class="n"`;

function isNumberCell(cell: Cell | undefined): cell is NumberCell {
  return typeof cell === 'object' && 'number' in cell;
}

function cellHtml(cell: Cell, column: number): Html {
  if (isNumberCell(cell)) return html`<td class="n">${cell.number}</td>`;
  return column === 0 ? html`<th scope="row">${cell}</th>` : html`<td>${cell}</td>`;
}

/** The figures behind a picture, closed until they are wanted; printed where they are open. */
export function tableBehind(header: readonly string[], rows: readonly (readonly Cell[])[]): Html {
  return html`<details><summary>The figures as a table</summary>${dataTable(header, rows)}</details>`;
}
