/** The protocol's types of tensor elements that predictions and their keys can have. */
export const DATATYPES = [
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP32',
  'FP64',
  'BYTES',
] as const;
export type Datatype = (typeof DATATYPES)[number];

const OF_TYPES: Readonly<Record<string, Datatype>> = {
  BOOLEAN: 'BOOL',
  UTINYINT: 'UINT8',
  USMALLINT: 'UINT16',
  UINTEGER: 'UINT32',
  UBIGINT: 'UINT64',
  TINYINT: 'INT8',
  SMALLINT: 'INT16',
  INTEGER: 'INT32',
  BIGINT: 'INT64',
  FLOAT: 'FP32',
  DOUBLE: 'FP64',
};

/** What DuckDB's type is to the protocol. Days, times, DECIMAL and types that nobody told are their text, BYTES. */
export function datatypeOf(type: string | undefined): Datatype {
  return (type === undefined ? undefined : OF_TYPES[type]) ?? 'BYTES';
}

export function isInteger(datatype: Datatype): boolean {
  return /^U?INT/.test(datatype);
}

export function isFloat(datatype: Datatype): boolean {
  return datatype.startsWith('FP');
}

/** Whether a whole number fits an integer type. */
export function isInRange(value: number | bigint, datatype: Datatype): boolean {
  const bits = BigInt(/\d+$/.exec(datatype)?.[0] ?? 0);
  const isSigned = datatype.startsWith('I');
  const most = 2n ** (isSigned ? bits - 1n : bits);
  return value < most && value >= (isSigned ? -most : 0n);
}
