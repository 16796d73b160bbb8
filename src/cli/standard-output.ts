import { ServeBatchError, systemErrorCode } from '../core/errors.ts';

/** The reader of standard output has seen enough (`| head`): whoever goes on writing ends here, well. */
class ReaderGone extends Error {
  override readonly name = 'ReaderGone';
}

/** Whether an error comes of it, whoever has wrapped it since. */
export function isReaderGone(error: unknown): boolean {
  return error instanceof ReaderGone || (error instanceof Error && isReaderGone(error.cause));
}

/**
 * Writes to a stream whose reader may go at any time. A command that has written all it has to say ends as it
 * would have: a run that failed keeps its exit code. One that goes on writing gets an error that {@link isReaderGone} knows.
 *
 * Any other failure, such as a full disk, is told once to `onFailure`.
 */
export function writerTo(
  stream: NodeJS.WritableStream,
  onFailure: (error: ServeBatchError) => void,
): (text: string) => void {
  let isBroken = false;
  stream.on('error', (error: Error) => {
    if (isBroken) return;
    isBroken = true;
    if (systemErrorCode(error) !== 'EPIPE') onFailure(outputError(error));
  });
  return (text) => {
    if (isBroken) throw new ReaderGone();
    stream.write(text);
  };
}

function outputError(cause: Error): ServeBatchError {
  return new ServeBatchError(
    'OUTPUT_UNWRITABLE',
    `Standard output cannot be written: ${cause.message}. What the command did is done; only its text is lost.`,
    { cause },
  );
}
