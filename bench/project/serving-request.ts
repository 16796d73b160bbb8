/** What the program that measures the server is told, as JSON in its first argument. */
export interface ServingRequest {
  /** The built command line. */
  readonly main: string;
  /** A folder for scripts. */
  readonly folder: string;
  readonly url: string;
  readonly stores: number;
}

export interface ServingAnswer {
  readonly requests: number;
  readonly wallSeconds: number;
  /** GET of one key, requests a second: the medians of the rounds. */
  readonly served: number;
  /** The same from bare `node:http`, which answers a constant or, with Redis, one HGET through ioredis. */
  readonly bare: number;
  /** CPU microseconds of the server for one such request: steadier than times where others use the machine. */
  readonly servedCpuUs: number;
  readonly bareCpuUs: number;
  /** POST of 500 keys, one at a time, milliseconds. */
  readonly postP50Ms: number;
  readonly postP99Ms: number;
  /** Resident memory after a hundred thousand requests, and at the end. */
  readonly earlyMb: number;
  readonly lateMb: number;
}
