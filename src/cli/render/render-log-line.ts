const NAMES: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'warning', 50: 'error' };

/** `2026-11-21 00:00:03  warning  shard 3 failed and is tried again  shard=3 attempt=1`. */
export function renderLogLine(line: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return `${line}\n`;
  }
  if (typeof parsed !== 'object' || parsed === null) return `${line}\n`;
  const { level, time, msg, pid: _, ...fields } = parsed as Readonly<Record<string, unknown>>;
  const when = String(time ?? '')
    .slice(0, 19)
    .replace('T', ' ');
  const known = Object.entries(fields).filter(([, value]) => value !== null);
  const more = known.map(([name, value]) => `${name}=${textOf(value)}`);
  const name = NAMES[Number(level)] ?? '';
  return `${[when, name.padEnd(7), String(msg ?? ''), more.join(' ')].join('  ').trimEnd()}\n`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
