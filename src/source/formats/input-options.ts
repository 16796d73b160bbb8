import type { TableFormat } from '../../core/table.ts';
import type { HivePartitioning } from './partitions.ts';

/** How to read the input; what is left out is found by looking at the files. */
export interface InputOptions {
  readonly format?: TableFormat;
  readonly hivePartitioning: HivePartitioning;
  readonly csv: CsvOptions;
  readonly json: JsonOptions;
  readonly arrow?: ArrowOptions;
  /** Bytes that the content of all files may have, compressed files unpacked. Left out: as many as fit. */
  readonly maxBytes?: number;
}

export interface CsvOptions {
  readonly delimiter?: string;
  readonly quote?: string;
  readonly escape?: string;
  readonly header?: boolean;
  /** Lines before the header. */
  readonly skip?: number;
  /** Texts that mean null; by default the empty one. */
  readonly nullText?: readonly string[];
  readonly encoding?: string;
  readonly dateFormat?: string;
  readonly timestampFormat?: string;
  readonly decimalSeparator?: string;
  /** DuckDB types by column, for those that sniffing would get wrong (`zip: VARCHAR`). */
  readonly types?: Readonly<Record<string, string>>;
}

export interface ArrowOptions {
  /** Whether a stream without an end is taken as far as it goes. */
  readonly acceptCut?: boolean;
}

export interface JsonOptions {
  readonly types?: Readonly<Record<string, string>>;
}
