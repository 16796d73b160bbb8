/** Fewer rows than these do not fail for want of memory. */
const LEAST_ROWS = 16;

/** How many rows a call on a device may have, since more did not fit its memory. One for each loaded model. */
export class RowLimit {
  #rows = Number.POSITIVE_INFINITY;

  /** Rows of a call, where batches have `batchSize` rows. */
  rowsOf(batchSize: number): number {
    return Math.min(batchSize, this.#rows);
  }

  /** Null: nothing has failed so far. */
  get rows(): number | null {
    return Number.isFinite(this.#rows) ? this.#rows : null;
  }

  /** Halves what just failed; false where there is nothing left to halve. */
  halve(failedRows: number): boolean {
    const half = Math.ceil(failedRows / 2);
    if (half < LEAST_ROWS) return false;
    this.#rows = Math.min(this.#rows, half);
    return true;
  }
}

/** How CUDA, DirectML, WebGPU and ONNX Runtime's own allocators say that the device's memory is used up. */
const OUT_OF_MEMORY =
  /out of (?:device )?memory|CUDA failure 2:|E_OUTOFMEMORY|failed to allocate memory|BFCArena|VK_ERROR_OUT_OF|exceeds the (?:max|limit)|larger than the maximum/i;

export function isOutOfDeviceMemory(error: unknown): boolean {
  return error instanceof Error && OUT_OF_MEMORY.test(error.message);
}

/** A device that was lost gives no more answers, whatever the rows. */
export function isDeviceLost(error: unknown): boolean {
  return (
    error instanceof Error &&
    /device (?:is |was )?(?:lost|removed|hung)|CUDA (?:failure|error)/i.test(error.message)
  );
}
