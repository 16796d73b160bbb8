import { z } from 'zod';

/**
 * The kinds of fields that a job file has. Each takes what it expects, with an example, as the end of a
 * sentence: that is the message of every problem with it (see explain-issues.ts).
 */
export function expected(what: string, example: string): string {
  return `${what}. Write for example ${example}.`;
}

export function text(error: string) {
  return z.string({ error }).min(1, { error });
}

export function pattern(regex: RegExp, error: string) {
  return z.string({ error }).regex(regex, { error });
}

export function texts(error: string) {
  return z.array(text(error), { error }).min(1, { error });
}

/** A map from names that the user chooses to texts; `each` is what one text is expected to be. */
export function textMap(error: string, each: string) {
  return z.record(z.string(), text(each), { error });
}

export function wholeNumber(atLeast: number, error: string) {
  return z.int({ error }).min(atLeast, { error });
}

export function flag() {
  return z.boolean({ error: 'true or false.' });
}

export function choice<const Values extends readonly string[]>(values: Values) {
  return z.enum(values, { error: `${values.slice(0, -1).join(', ')} or ${values.at(-1)}.` });
}

/** A map whose fields are known. For an unknown one the message is the list of the known. */
export function section<Shape extends z.ZodRawShape>(shape: Shape) {
  const fields = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? fields.join(' ') : `a map with ${fields.join(', ')}.`,
  });
}
