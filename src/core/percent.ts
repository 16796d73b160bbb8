/** 0.9996 → `99.96%`: cut, not rounded, so that 100% means all. */
export function formatPercent(share: number): string {
  return `${Math.floor(share * 1e5 + 1e-6) / 1e3}%`;
}
