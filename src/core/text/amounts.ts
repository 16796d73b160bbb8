/** 7000 → `7,000`. */
export function formatCount(value: number): string {
  const rounded = Math.round(value);
  // A locale takes tens of milliseconds to load, which the first rows would wait for.
  if (!Number.isSafeInteger(rounded)) return rounded.toLocaleString('en-US');
  return String(rounded).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
}

/** 1, `occurrence` → `1 occurrence`; 7000, `row` → `7,000 rows`. */
export function formatNumber(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** 9961472 → `10.0 MB` (powers of 1000). */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** 75.3 → `1 min 15 s`; 3.14159 → `3.14 s`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** 0.9996 → `99.96%`: cut, not rounded, so that 100% means all. */
export function formatPercent(share: number): string {
  return `${Math.floor(share * 1e5 + 1e-6) / 1e3}%`;
}
