import { ServeBatchError } from '../../core/errors.ts';

/** Does what a field of the job file asks for. What goes wrong is told with the field before it. */
export async function inField<T>(field: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ServeBatchError)) throw error;
    const { code, message, fields } = error;
    throw new ServeBatchError(code, `${field}: ${message}`, { cause: error, fields });
  }
}
