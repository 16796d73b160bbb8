import { z } from 'zod';
import { expected, pattern } from './field-kinds.ts';

export interface ShareBounds {
  /** The greatest share. Default: 1. */
  readonly most?: number;
}

/** 0.995 of `0.995` or `99.5%`; undefined for anything else. */
export function parseShare(value: number | string | undefined): number | undefined {
  if (value === undefined || typeof value === 'number') return value;
  const match = /^(\d+(?:\.\d+)?)%$/.exec(value);
  return match === null ? undefined : Number(match[1]) / 100;
}

/** A field that is a share, such as 0.995, or a percentage. */
export function share(example: string, { most = 1 }: ShareBounds = {}) {
  const range = most === 1 ? 'from 0 to 1' : 'that is at least 0';
  const error = expected(`a share ${range}, or a percentage`, example);
  return z.union([z.number({ error }), pattern(/^\d+(\.\d+)?%$/, error)], { error }).refine(
    (value) => {
      const number = parseShare(value);
      return number !== undefined && number >= 0 && number <= most;
    },
    { error },
  );
}
