export const STORES = ['lmdb', 'redis', 'packed'] as const;
export type StoreName = (typeof STORES)[number];

export const MOMENTS = ['run', 'publish', 'rollback', 'prune', 'tick', 'backfill'] as const;
export type Moment = (typeof MOMENTS)[number];

/** `whole`: each run scores the whole table. `incremental`: it adds new rows to what readers see. */
export const KINDS = ['whole', 'incremental'] as const;
export type Kind = (typeof KINDS)[number];

/** What is done with jobs of a kind: incremental runs are kept for those that add to them, and run once for what is new. */
export const MOMENTS_OF: Readonly<Record<Kind, readonly Moment[]>> = {
  whole: MOMENTS,
  incremental: ['run', 'publish', 'rollback', 'tick'],
};

/** `network`: small enough to be scored in the statement that writes a part, as trees are. */
export const MODELS = ['trees', 'network'] as const;
export type ModelKind = (typeof MODELS)[number];

export const VICTIMS = ['parent', 'child', 'group', 'stop'] as const;
/** `group`: the command and its children at once. `stop`: all of them stand still until another process has taken over. */
export type Victim = (typeof VICTIMS)[number];

export interface KillOptions {
  readonly kills: number;
  /** It ends after so long, though it has not struck as often. */
  readonly minutes: number;
  readonly kinds: readonly Kind[];
  readonly stores: readonly StoreName[];
  readonly moments: readonly Moment[];
  readonly model: ModelKind;
  readonly seed: number;
}

/** The options of `npm run campaign`, as scripts/campaign.mjs hands them on. */
export function killOptions(env: NodeJS.ProcessEnv): KillOptions {
  return {
    kills: Number(env.CAMPAIGN_KILLS ?? 30),
    minutes: Number(env.CAMPAIGN_MINUTES ?? Number.POSITIVE_INFINITY),
    kinds: only(KINDS, env.CAMPAIGN_JOB),
    stores: only(STORES, env.CAMPAIGN_STORE),
    moments: only(MOMENTS, env.CAMPAIGN_DURING),
    model: only(MODELS, env.CAMPAIGN_MODEL)[0] ?? 'trees',
    seed: Number(env.CAMPAIGN_SEED ?? 1),
  };
}

function only<T extends string>(all: readonly T[], wanted: string | undefined): readonly T[] {
  if (wanted === undefined) return all;
  const found = all.filter((each) => wanted.split(',').includes(each));
  if (found.length === 0) throw new Error(`"${wanted}" is not among ${all.join(', ')}`);
  return found;
}
