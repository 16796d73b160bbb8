/** Addresses of the pages. Names go in encoded: they may hold anything. */
export function jobAddress(job: string): string {
  return `/jobs/${encodeURIComponent(job)}`;
}

export function lookupAddress(job: string): string {
  return `${jobAddress(job)}/lookup`;
}

export function runAddress(job: string, runId: string): string {
  return `${jobAddress(job)}/runs/${encodeURIComponent(runId)}`;
}

export function reportAddress(job: string, runId: string): string {
  return `${runAddress(job, runId)}/report`;
}

export function progressAddress(job: string, runId: string): string {
  return `${runAddress(job, runId)}/progress`;
}
