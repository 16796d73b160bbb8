import type { SerializedError } from '../../core/errors.ts';

/** From the server to the process that makes a report, and back. */
export interface ReportRequest {
  readonly folderOfJob: string;
  readonly runId: string;
}

/** Also says which bucket the folder shows, where it shows one. */
export interface ReportTask extends ReportRequest {
  readonly shown: { readonly folder: string; readonly address: string } | null;
}

export type ReportMessage = { readonly page: string } | { readonly error: SerializedError };
