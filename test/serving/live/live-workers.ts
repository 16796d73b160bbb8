import { deserializeError, type SerializedError } from '../../../src/core/errors.ts';
import type { StartWorkers } from '../../../src/tasks/workers.ts';
import { inProcess } from '../../support/in-process-workers.ts';

/** Workers of the built program whose errors are those of the source, as between two processes. */
export const liveWorkers: StartWorkers = (options) => {
  const workers = inProcess.start(options);
  const own = <T>(result: Promise<T>): Promise<T> =>
    result.catch((error: SerializedError) => {
      throw deserializeError(error);
    });
  return {
    warmUp: () => {},
    run: (task, request, taskOptions) => own(workers.run(task, request, taskOptions)),
    runRetrying: (task, request, taskOptions) => own(workers.runRetrying(task, request, taskOptions)),
    runInAll: (task, request) => own(workers.runInAll(task, request)),
    close: () => workers.close(),
  };
};
