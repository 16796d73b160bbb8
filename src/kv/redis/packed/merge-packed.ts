import { LIST_ID_DIGITS, listId } from './packed-text.ts';

/** A packed text with its list of fields, one character a byte. */
export interface PackedWithList {
  readonly list: string;
  readonly text: Buffer;
}

export interface PackedText {
  readonly text: Buffer;
}

export interface MergedPacked extends PackedText {
  readonly list: Buffer;
  /** Fields that the old text did not have. */
  readonly created: number;
}

/** Adds packed values to others, as the script of a single server does. Where both have a field the new value stays. */
export function mergePacked(old: PackedWithList, added: PackedWithList): MergedPacked {
  const [oldFields, newFields] = [old.list.split('\n'), added.list.split('\n')];
  const [oldValues, newValues] = [valuesOf(old.text), valuesOf(added.text)];
  const fields: string[] = [];
  const values: (string | undefined)[] = [];
  let [i, j, created] = [0, 0, 0];
  while (i < oldFields.length || j < newFields.length) {
    const [before, after] = [oldFields[i], newFields[j]];
    if (after === undefined || (before !== undefined && plain(before) < plain(after))) {
      fields.push(before as string);
      values.push(oldValues[i++]);
      continue;
    }
    if (before === after) i++;
    else created++;
    fields.push(after);
    values.push(newValues[j++]);
  }
  const list = Buffer.from(fields.join('\n'), 'latin1');
  const text = Buffer.from([listId(list), ...values.map((value) => value ?? '')].join('\n'), 'latin1');
  return { list, text, created };
}

function valuesOf(text: Buffer): string[] {
  return text.toString('latin1', LIST_ID_DIGITS + 1).split('\n');
}

/** A line as it was before it was written as one; compared by characters, which are bytes. */
function plain(line: string): string {
  return line.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
}
