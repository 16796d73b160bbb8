import type { ValueAddress } from '../store.ts';
import type { RedisAnswer, RedisClient } from './connection/redis-client.ts';

/** Reads the predictions of a generation: one implementation a layout. Answers undefined where there is none. */
export interface RedisReader {
  get(redis: RedisClient, generation: string, address: ValueAddress): Promise<string | undefined>;
  /** Fields and values in no certain order. */
  getSeries(
    redis: RedisClient,
    generation: string,
    key: string,
  ): Promise<readonly (readonly [field: string, value: string])[] | undefined>;
  getMany(
    redis: RedisClient,
    generation: string,
    addresses: readonly ValueAddress[],
  ): Promise<readonly (string | undefined)[]>;
}

/** Null where a string stands in place of a hash, or the other way round. */
export async function unlessWrongType<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (isWrongType(error)) return null;
    throw error;
  }
}

/**
 * What the commands of a pipeline answered; undefined for nil, and where something of another type is there.
 * Throws the first other error.
 */
export function pipelineTexts(answers: readonly RedisAnswer[] | null): (string | undefined)[] {
  return (answers ?? []).map(([error, value]) => {
    if (error !== null && !isWrongType(error)) throw error;
    return typeof value === 'string' ? value : undefined;
  });
}

/** The flat list of texts and numbers that a command answered. */
export function texts(answer: unknown): string[] {
  return Array.isArray(answer) ? answer.map(String) : [];
}

/** The fields of a hash with their values; empty where there is none, or a string in its place. */
export async function readHash(redis: RedisClient, name: string): Promise<[string, string][]> {
  // Not hgetall: it makes an object, which has an order and names of its own.
  const list = texts(await unlessWrongType(redis.call('HGETALL', name)));
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < list.length; at += 2) pairs.push([list[at] ?? '', list[at + 1] ?? '']);
  return pairs;
}

function isWrongType(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('WRONGTYPE');
}
