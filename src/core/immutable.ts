/** What a schema describes, read-only all the way down: what came from a file is never changed in place. */
export type Immutable<T> = T extends object ? { readonly [Name in keyof T]: Immutable<T[Name]> } : T;
