/** Something that a report shows, or the sentence that says why it cannot. */
export type Known<T> =
  | { readonly isKnown: true; readonly value: T }
  | { readonly isKnown: false; readonly why: string };

export function known<T>(value: T): Known<T> {
  return { isKnown: true, value };
}

/** `why` is a whole sentence, for people. */
export function unknown(why: string): Known<never> {
  return { isKnown: false, why };
}
