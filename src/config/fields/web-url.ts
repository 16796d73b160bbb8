import { pattern } from './field-kinds.ts';

const URL_PATTERN = /^https?:\/\/\S+$/i;

/** An http or https URL; `error` as for the other kinds of fields. */
export function webUrl(error: string) {
  return pattern(URL_PATTERN, error).refine((value) => URL.canParse(value), { error });
}
