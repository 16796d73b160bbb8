import { serializeError } from '../../core/errors.ts';
import { withPublicPaths } from '../../core/files/mirror.ts';
import { makeReport } from '../../report/make-report.ts';
import { mountAt } from '../../runs/mirror/mount.ts';
import type { ReportMessage, ReportTask } from './report-messages.ts';

/** The process that makes one report: DuckDB reads the parts, and is nothing for the process that answers. */
const gone = new AbortController();

process.once('message', (task: ReportTask) => {
  const { shown, ...request } = task;
  if (shown !== null) mountAt(shown.folder, shown.address);
  makeReport({ ...request, signal: gone.signal })
    .then(withPublicPaths)
    .then(
      (page): ReportMessage => ({ page }),
      (error): ReportMessage => ({ error: serializeError(error) }),
    )
    .then((message) => process.send?.(message, () => process.exit(0)));
});
// The one who asked decides when it ends.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
