import { type Html, html } from '../../report/html.ts';
import { formatInstant } from '../../report/numbers.ts';

const STEPS: readonly (readonly [seconds: number, unit: string])[] = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
];

/** 90 → `90 s`; 7260 → `2 h 1 min`; 200000 → `2 d 7 h`. */
export function formatAge(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 120) return `${whole} s`;
  const first = STEPS.findIndex(([size]) => whole >= size);
  const [size = 1, unit = 's'] = STEPS[first] ?? [];
  const [nextSize, nextUnit = ''] = STEPS[first + 1] ?? [];
  const rest = nextSize === undefined ? 0 : Math.floor((whole % size) / nextSize);
  return rest === 0
    ? `${Math.floor(whole / size)} ${unit}`
    : `${Math.floor(whole / size)} ${unit} ${rest} ${nextUnit}`;
}

/** How far an instant lies from now, `3 h ago`, with the instant itself for those who point at it. */
export function distanceHtml(iso: string, now: Date): Html {
  return html`<time datetime="${iso}" title="${formatInstant(iso)}">${distance(iso, now)}</time>`;
}

function distance(iso: string, now: Date): string {
  const seconds = (now.getTime() - Date.parse(iso)) / 1000;
  if (Number.isNaN(seconds)) return 'at an unknown time';
  return seconds >= 0 ? `${formatAge(seconds)} ago` : `in ${formatAge(-seconds)}`;
}
