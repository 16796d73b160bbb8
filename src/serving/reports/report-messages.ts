import type { SerializedError } from '../../core/errors.ts';

/** From the server to the process that makes a report, and back. */
export interface ReportRequest {
  readonly folderOfJob: string;
  readonly runId: string;
}

export type ReportMessage = { readonly page: string } | { readonly error: SerializedError };
