import { ServeBatchError } from '../core/errors.ts';
import { describeTensor, type ModelSignature, type TensorSpec } from '../core/model.ts';
import { suggestion } from '../core/nearest.ts';
import type { InputBinding } from '../core/plan.ts';
import type { Column } from '../core/table.ts';
import { canFill } from './cast-rules.ts';

/** Columns of a matrix input in order, or of several inputs by name. */
export type FeatureColumns = readonly string[] | Readonly<Record<string, readonly string[]>>;

export interface BindRequest {
  readonly signature: ModelSignature;
  /** What the features come from: the input's columns, or those of `features.select`. */
  readonly columns: readonly Column[];
  readonly featureColumns: FeatureColumns | null;
  /** Whether text columns come from a format without types (CSV, JSON) and may be read as numbers. */
  readonly fromText: boolean;
  /** How the columns are called in messages: the file, or features.select. */
  readonly tableName: string;
}

/**
 * Decides which columns fill which model input. Throws `SCHEMA_MISMATCH` naming everything that does
 * not fit, at once.
 */
export function bindInputs(request: BindRequest): readonly InputBinding[] {
  const { signature } = request;
  const problems: string[] = unknownInputs(request);
  const fixedRows = fixedRowsOf(signature);
  const bindings: InputBinding[] = [];
  for (const input of signature.inputs) {
    const names = columnsOf(input, request);
    if (typeof names === 'string') problems.push(names);
    else {
      problems.push(...repeatedColumns(input, names, request), ...checkColumns(input, names, request));
      bindings.push({
        input: input.name,
        elementType: input.elementType,
        columns: names,
        rowShape: rowShapeOf(input, names.length),
        fixedRows,
      });
    }
  }
  if (problems.length === 0) return bindings;
  throw new ServeBatchError(
    'SCHEMA_MISMATCH',
    `${request.tableName} does not fit the model:\n${problems.map((each) => `  - ${each}`).join('\n')}`,
    { fields: { problems } },
  );
}

/** Rows that every call must have: a fixed first dimension of any input, or else of any output. */
function fixedRowsOf(signature: ModelSignature): number | null {
  for (const { shape } of [...signature.inputs, ...signature.outputs]) {
    const first = shape?.[0];
    if (typeof first === 'number') return first;
  }
  return null;
}

/** The column names of an input, or the sentence that says why there are none. */
function columnsOf(input: TensorSpec, request: BindRequest): readonly string[] | string {
  const { featureColumns, signature, columns } = request;
  if (input.shape?.length === 0)
    return `model input "${input.name}" is a single value without rows; it cannot be fed from a table`;
  const given = isList(featureColumns)
    ? signature.inputs.length === 1
      ? featureColumns
      : undefined
    : featureColumns?.[input.name];
  const width = widthOf(input);
  if (given !== undefined)
    return width === null || width === given.length
      ? given
      : `model input "${input.name}" is ${describeTensor(input)} and takes ${width} columns; features.columns names ${given.length}`;
  if (width === 1 || (width === null && input.shape?.length === 1)) return [sameName(input.name, columns)];
  if (signature.inputs.length === 1 && signature.featureNames !== null) {
    if (width === null || width === signature.featureNames.length) return signature.featureNames;
    return `model input "${input.name}" is ${describeTensor(input)}, but the model's own feature_names are ${signature.featureNames.length}; name the columns in features.columns`;
  }
  const hint = isList(featureColumns)
    ? 'with several inputs, features.columns maps each input to its list'
    : 'name them in order in features.columns (or --features a,b,c)';
  return `model input "${input.name}" is ${describeTensor(input)} and it is not known which columns it takes: ${hint}`;
}

/** Column names of tables are case-insensitive in SQL; the exact one comes first. */
function sameName(name: string, columns: readonly Column[]): string {
  if (columns.some((column) => column.name === name)) return name;
  return columns.find((column) => column.name.toLowerCase() === name.toLowerCase())?.name ?? name;
}

function checkColumns(input: TensorSpec, names: readonly string[], request: BindRequest): string[] {
  const known = new Map(request.columns.map((column) => [column.name, column.type]));
  return names.flatMap((name) => {
    const type = known.get(name);
    const wanted = `model input "${input.name}"${names.length > 1 ? '' : ` (${describeTensor(input)})`}`;
    if (type === undefined)
      return [`column "${name}" is missing; ${wanted} needs it.${suggestion(name, [...known.keys()])}`];
    if (canFill(type, input.elementType, request.fromText)) return [];
    return [
      `column "${name}" is ${type}; ${wanted} is ${input.elementType}. Cast or encode it in features.select`,
    ];
  });
}

/** A column that is named twice by mistake stands where another one is missing. */
function repeatedColumns(
  input: TensorSpec,
  names: readonly string[],
  { featureColumns, signature }: BindRequest,
): string[] {
  if (featureColumns === null) return [];
  const own = signature.featureNames ?? [];
  const timesIn = (list: readonly string[], name: string): number =>
    list.filter((each) => each === name).length;
  return [...new Set(names)]
    .filter((name) => timesIn(names, name) > Math.max(1, timesIn(own, name)))
    .map(
      (name) =>
        `features.columns names the column "${name}" ${timesIn(names, name)} times for model input "${input.name}"; each column is expected once. Name the column that belongs there; a model that takes one column twice needs a second name for it in features.select`,
    );
}

function unknownInputs({ featureColumns, signature }: BindRequest): string[] {
  if (featureColumns === null || isList(featureColumns)) return [];
  const names = signature.inputs.map(({ name }) => name);
  return Object.keys(featureColumns)
    .filter((name) => !names.includes(name))
    .map(
      (name) =>
        `features.columns names the model input "${name}", which the model does not have (it has ${names.join(', ')}).${suggestion(name, names)}`,
    );
}

/** Values a row of an input takes; null where the model leaves it open. */
function widthOf({ shape }: TensorSpec): number | null {
  if (shape === null) return null;
  let width = 1;
  for (const dim of shape.slice(1)) {
    if (typeof dim !== 'number') return null;
    width *= dim;
  }
  return width;
}

function rowShapeOf(input: TensorSpec, columns: number): readonly number[] {
  const rest = input.shape?.slice(1) ?? [null];
  const known = rest.filter((dim) => typeof dim === 'number').reduce((product, dim) => product * dim, 1);
  const open = rest.filter((dim) => typeof dim !== 'number').length;
  // One open dimension takes what the columns leave; further open ones are 1.
  let used = open === 0;
  return rest.map((dim) => {
    if (typeof dim === 'number') return dim;
    if (used) return 1;
    used = true;
    return columns / known;
  });
}

function isList(columns: FeatureColumns | null): columns is readonly string[] {
  return Array.isArray(columns);
}
