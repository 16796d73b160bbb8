/** 7000 → `7k`; 1250000 → `1.25M`: for axes, where there is little room. */
export function formatCompact(value: number): string {
  return value
    .toLocaleString('en-US', { notation: 'compact', maximumSignificantDigits: 3 })
    .replace('K', 'k');
}

/** A value of the data: five digits that count, `1.5e-7` where it is very small or very large. */
export function formatValue(value: number): string {
  const size = Math.abs(value);
  if (!Number.isFinite(value)) return value > 0 ? '∞' : value < 0 ? '-∞' : 'NaN';
  if (size !== 0 && (size >= 1e9 || size < 1e-4)) return Number(value.toPrecision(3)).toExponential();
  if (size >= 1e5) return Math.round(value).toLocaleString('en-US');
  return value.toLocaleString('en-US', { maximumSignificantDigits: 5 });
}

/** 0.1234 → `12.3%`. What is nearly all or nearly nothing never looks like all or nothing. */
export function formatShare(share: number): string {
  if (share > 0 && share < 0.001) return '<0.1%';
  if (share < 1 && share > 0.999) return '>99.9%';
  return `${Number((share * 100).toFixed(1))}%`;
}

/** 0.42 → `0.42 ms`; 1250 → `1.25 s`. */
export function formatMs(ms: number): string {
  if (ms >= 1000) return `${Number((ms / 1000).toPrecision(3))} s`;
  return `${Number(ms.toPrecision(3))} ms`;
}

/** `2026-11-21T00:00:00.000Z` → `2026-11-21 00:00:00 UTC`. Other texts stay as they are. */
export function formatInstant(text: string): string {
  const match = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(?:\.\d+)?Z$/.exec(text);
  return match === null ? text : `${match[1]} ${match[2]} UTC`;
}

/** `1 shard`, `3 shards`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}
