/** Work that is done beside everything else, each kind once at a time: nothing waits for it but the end. */
export class SideWork {
  readonly #going = new Map<string, Promise<void>>();

  /** Does nothing while work of that name is going on. `work` never throws. */
  begin(name: string, work: () => Promise<void>): void {
    if (this.#going.has(name)) return;
    const end = work().finally(() => this.#going.delete(name));
    this.#going.set(name, end);
  }

  async settled(): Promise<void> {
    await Promise.all(this.#going.values());
  }
}
