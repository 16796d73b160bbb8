import { ServeBatchError } from '../core/errors.ts';
import { describeTensor, type ModelSignature, type TensorSpec } from '../core/model.ts';
import type { InputBinding } from '../core/plan.ts';
import { type Column, isNumberType } from '../core/table.ts';
import { suggestion } from '../core/text/nearest.ts';
import { canFill } from './cast-rules.ts';
import { fixedRowsOf, rowProblems } from './row-dimension.ts';

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
  const problems: string[] = [...unknownInputs(request), ...rowProblems(signature.inputs)];
  const fixedRows = fixedRowsOf(signature.inputs);
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
    `${request.tableName} does not fit the model:\n${problems.map((each) => `  - ${each}`).join('\n')}\nIt has ${columnList(request.columns)}.`,
    { fields: { problems } },
  );
}

/** Names enough to see what was meant. */
const MOST_NAMES = 40;

export function columnList(columns: readonly Pick<Column, 'name'>[]): string {
  const names = columns.slice(0, MOST_NAMES).map(({ name }) => name);
  const more = columns.length - names.length;
  return `the columns ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** The column names of an input, or the sentence that says why there are none. */
function columnsOf(input: TensorSpec, request: BindRequest): readonly string[] | string {
  const { featureColumns, signature } = request;
  if (input.shape?.length === 0)
    return `model input "${input.name}" is a single value without rows; it cannot be fed from a table`;
  const given = isList(featureColumns)
    ? signature.inputs.length === 1
      ? featureColumns
      : undefined
    : featureColumns?.[input.name];
  const width = widthOf(input);
  if (given !== undefined) return widthProblem(input, given.length) ?? given;
  if (width === 1) return oneColumn(input, request);
  if (signature.inputs.length === 1 && signature.featureNames !== null) {
    if (width === null || width === signature.featureNames.length)
      return signature.featureNames.map((name) => sameName(name, request.columns));
    return `model input "${input.name}" is ${describeTensor(input)}, but the model's own feature_names are ${signature.featureNames.length}; name the columns in features.columns`;
  }
  const hint = isList(featureColumns)
    ? 'with several inputs, features.columns maps each input to its list'
    : `name them in order in features.columns, or with ${flagOf(width, request)}`;
  return `model input "${input.name}" is ${describeTensor(input)} and it is not known which columns it takes: ${hint}`;
}

/** A flag to paste. The numeric columns of the table, in its order, are a guess that somebody has to check. */
function flagOf(width: number | null, { columns }: BindRequest): string {
  const numeric = columns.filter(({ type }) => isNumberType(type)).map(({ name }) => name);
  const some = width === null ? numeric : numeric.slice(-width);
  if (some.length === 0 || (width !== null && some.length < width)) return '--features a,b,c';
  return `this flag, if the order is that of the model: --features ${some.join(',')}`;
}

/** The model's own `feature_names` say more than the input's name, where the table has such a column. */
function oneColumn({ name }: TensorSpec, { signature, columns }: BindRequest): readonly string[] {
  const [own, ...others] = signature.featureNames ?? [];
  const isNamed = signature.inputs.length === 1 && own !== undefined && others.length === 0;
  const known = new Set(columns.map((column) => column.name.toLowerCase()));
  return [sameName(isNamed && known.has(own.toLowerCase()) ? own : name, columns)];
}

/** What is wrong with a number of columns; undefined: nothing. */
function widthProblem(input: TensorSpec, columns: number): string | undefined {
  const width = widthOf(input);
  const known = knownWidth(input);
  if (width === null ? columns > 0 && columns % known === 0 : width === columns) return undefined;
  const takes = width === null ? `a multiple of ${known}` : String(width);
  return `model input "${input.name}" is ${describeTensor(input)} and takes ${takes} columns; features.columns names ${columns}`;
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
export function widthOf(input: TensorSpec): number | null {
  const isKnown = input.shape?.slice(1).every((dim) => typeof dim === 'number') ?? false;
  return isKnown ? knownWidth(input) : null;
}

/** The product of those dimensions of a row that are fixed. */
function knownWidth({ shape }: TensorSpec): number {
  return (shape ?? []).slice(1).reduce<number>((all, dim) => (typeof dim === 'number' ? all * dim : all), 1);
}

function rowShapeOf(input: TensorSpec, columns: number): readonly number[] {
  const rest = input.shape?.slice(1) ?? [null];
  const known = knownWidth(input);
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
