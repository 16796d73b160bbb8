/** The least recently used of many are forgotten. */
export class LastAnswers<T> {
  readonly #most: number;
  readonly #answers = new Map<string, T>();

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#answers.size;
  }

  get(question: string): T | undefined {
    return this.#answers.get(question);
  }

  set(question: string, answer: T): void {
    // A map lists its keys in the order in which they were added.
    this.#answers.delete(question);
    this.#answers.set(question, answer);
    if (this.#answers.size <= this.#most) return;
    for (const oldest of this.#answers.keys()) {
      this.#answers.delete(oldest);
      return;
    }
  }
}
