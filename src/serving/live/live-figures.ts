/** What is counted of live answers. */
export class LiveFigures {
  /** Calls of the process, and the questions in them. */
  calls = 0;
  questions = 0;
  /** Questions that were answered from memory, or waited for the same one. */
  cached = 0;
  joined = 0;
  /** Questions that found the queue full. */
  refused = 0;
  failures = 0;
  readonly #onCall: (seconds: number) => void;

  /** @param onCall told the seconds of each call */
  constructor(onCall: (seconds: number) => void = () => {}) {
    this.#onCall = onCall;
  }

  called(questions: number, seconds: number): void {
    this.calls++;
    this.questions += questions;
    this.#onCall(seconds);
  }
}
