/** Keys that each master of a cluster has of its own. A tag in braces puts them there. */
export class ClusterKeys {
  readonly #job: string;

  constructor(job: string) {
    this.#job = job;
  }

  /** A copy of the fence, beside the predictions of that master. */
  fence(tag: string): string {
    return `${this.#job}:fence:{${tag}}`;
  }

  /** Written to see whether writing works, and to wait for replicas behind it. */
  ping(tag: string): string {
    return `${this.#job}:ping:{${tag}}`;
  }
}
