/** How the values of a column lie in a staged file: a type of DuckDB as Parquet has it. */
export interface StagedKind {
  /** What a cell is read as. */
  readonly cell: 'integer' | 'number' | 'day' | 'instant' | 'truth' | 'text';
  /** Parquet's physical type. */
  readonly physical: number;
  /** Parquet's converted type; null: none. */
  readonly converted: number | null;
  /** Bytes of a value in memory; null: as many as its text has. */
  readonly width: 4 | 8 | null;
}

const PHYSICAL = { boolean: 0, int32: 1, int64: 2, double: 5, byteArray: 6 } as const;
const CONVERTED = { utf8: 0, date: 6, timestampMicros: 10, int8: 15, int16: 16, int32: 17 } as const;

const KINDS: ReadonlyMap<string, StagedKind> = new Map<string, StagedKind>([
  ['TINYINT', { cell: 'integer', physical: PHYSICAL.int32, converted: CONVERTED.int8, width: 4 }],
  ['SMALLINT', { cell: 'integer', physical: PHYSICAL.int32, converted: CONVERTED.int16, width: 4 }],
  ['INTEGER', { cell: 'integer', physical: PHYSICAL.int32, converted: CONVERTED.int32, width: 4 }],
  ['BIGINT', { cell: 'integer', physical: PHYSICAL.int64, converted: null, width: 8 }],
  ['DOUBLE', { cell: 'number', physical: PHYSICAL.double, converted: null, width: 8 }],
  ['DATE', { cell: 'day', physical: PHYSICAL.int32, converted: CONVERTED.date, width: 4 }],
  [
    'TIMESTAMP',
    { cell: 'instant', physical: PHYSICAL.int64, converted: CONVERTED.timestampMicros, width: 8 },
  ],
  ['BOOLEAN', { cell: 'truth', physical: PHYSICAL.boolean, converted: null, width: 4 }],
  ['VARCHAR', { cell: 'text', physical: PHYSICAL.byteArray, converted: CONVERTED.utf8, width: null }],
]);

/** Null: values of the type are made by DuckDB only. */
export function stagedKind(type: string): StagedKind | null {
  return KINDS.get(type) ?? null;
}
