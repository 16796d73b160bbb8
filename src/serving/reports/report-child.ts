import { serializeError } from '../../core/errors.ts';
import { makeReport } from '../../report/make-report.ts';
import type { ReportMessage, ReportRequest } from './report-messages.ts';

/** The process that makes one report: DuckDB reads the parts, and is nothing for the process that answers. */
const gone = new AbortController();

process.once('message', (request) => {
  makeReport({ ...(request as ReportRequest), signal: gone.signal })
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
