import type {
  Canary,
  Fence,
  GenerationCopy,
  GenerationCounts,
  GenerationInfo,
  StagedCounts,
  ValueAddress,
} from '../kv/store.ts';

/** What is asked of a job's store around the loading, as `ManagedStore` says it, in JSON. */
export interface StoreTasks {
  readonly 'store-ping': { readonly request: StoreTask; readonly result: null };
  readonly 'store-claim': { readonly request: FencedTask; readonly result: null };
  readonly 'store-extend': { readonly request: ExtendTask; readonly result: boolean };
  readonly 'store-staged': {
    readonly request: GenerationTask;
    readonly result: readonly (readonly [shard: number, counts: StagedCounts])[];
  };
  readonly 'store-describe': { readonly request: DescribeTask; readonly result: null };
  readonly 'store-count': { readonly request: GenerationTask; readonly result: GenerationCounts };
  readonly 'store-publish': { readonly request: PublishTask; readonly result: null };
  readonly 'store-withdraw': { readonly request: FencedTask; readonly result: null };
  readonly 'store-drop': { readonly request: FencedTask & GenerationTask; readonly result: null };
  /** Null for what is not there. */
  readonly 'store-values': { readonly request: ValuesTask; readonly result: readonly (string | null)[] };
}

export interface StoreTask {
  readonly job: string;
}

export interface GenerationTask extends StoreTask {
  readonly generation: string;
}

export interface FencedTask extends StoreTask {
  readonly fence: Fence;
}

export interface PublishTask extends FencedTask, GenerationTask {
  /** Null: none, and one that was there ends. */
  readonly canary: Canary | null;
}

export interface ExtendTask extends FencedTask, GenerationTask {
  readonly base: GenerationCopy;
}

export interface DescribeTask extends FencedTask, GenerationTask {
  readonly info: GenerationInfo;
}

export interface ValuesTask extends GenerationTask {
  readonly keys: readonly ValueAddress[];
}
