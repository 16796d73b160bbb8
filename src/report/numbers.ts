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

/**
 * 0.1234 → `12.3%`; 0.00047 → `0.047%`; 0.99953 → `99.953%`. What is nearly all or nearly nothing never
 * looks like all or nothing.
 */
export function formatShare(share: number): string {
  const percent = share * 100;
  const toEnd = Math.min(percent, 100 - percent);
  if (!(toEnd > 0)) return `${Number(percent.toFixed(1))}%`;
  if (toEnd < 0.0001) return percent < 50 ? '<0.0001%' : '>99.9999%';
  const decimals = toEnd >= 1 ? 1 : Math.min(4, Math.ceil(-Math.log10(toEnd)) + 1);
  return `${Number(percent.toFixed(decimals))}%`;
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
