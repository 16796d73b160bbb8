import { keyColumnsOf } from '../../lookup/explain-miss.ts';
import type { PublishedView } from '../../lookup/published-view.ts';
import { type Datatype, datatypeOf } from './datatypes.ts';

/** A tensor of a model, as its metadata tell of it; -1 is a dimension of any size. */
export interface TensorMetadata {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
}

/** The columns of key and field: one value a row. */
export function inputsOf({ info }: PublishedView): readonly TensorMetadata[] {
  return keyColumnsOf(info).map((name) => ({
    name,
    datatype: datatypeOf(info.columnTypes?.[name]),
    shape: [-1],
  }));
}

/** The columns of the value. A list of numbers is a row of a matrix; a list of anything else is its JSON. */
export function outputsOf({ info }: PublishedView): readonly TensorMetadata[] {
  return info.values.map((name) => {
    const type = info.columnTypes?.[name];
    const element = type?.endsWith('[]') ? datatypeOf(type.slice(0, -2)) : 'BYTES';
    if (element !== 'BYTES') return { name, datatype: element, shape: [-1, -1] };
    return { name, datatype: datatypeOf(type), shape: [-1] };
  });
}
