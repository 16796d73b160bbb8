/** What is known of one kind of store without opening it, or loading its library: how its addresses look. */
export interface StoreKind {
  readonly name: string;
  /** Regular expression of a whole address, to be matched without regard to case. */
  readonly pattern: string;
  /** The forms of an address, for messages. */
  readonly forms: readonly string[];
  /** The address with relative paths made absolute. */
  resolve(url: string, folder: string): string;
  /** The address without user name and password, also where it is mistyped. */
  show(url: string): string;
}
