/** What the program that measures one layout is asked. */
export interface LayoutRequest {
  readonly url: string;
  /** Name of the shape. */
  readonly shape: string;
  readonly lookups: number;
}

export interface LayoutAnswer {
  readonly values: number;
  /** Staging alone: the rows lie ready. */
  readonly wallSeconds: number;
  readonly loaderCpuSeconds: number;
  readonly serverCpuSeconds: number;
  /** Of memory that the server uses (`used_memory`), less what it used before. */
  readonly serverBytes: number;
  /** Microseconds of one value. */
  readonly value: Quantiles;
  /** Of all values of a key. Null where they do not stand under one key. */
  readonly series: Quantiles | null;
}

export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
}
