/** Maps values to places in a picture. */
export interface Scale {
  readonly from: number;
  readonly to: number;
  /** Values to write on the axis, ascending, all between `from` and `to`. */
  readonly ticks: readonly number[];
  /** Where a value lies, in the units of the picture. */
  place(value: number): number;
}

/** Where an axis begins and ends in the picture; `end` may be the smaller one, as of an axis upwards. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A linear scale. Values that are all the same get a little room around them. */
export function linearScale(from: number, to: number, span: Span, tickCount = 5): Scale {
  const [low, high] = to > from ? [from, to] : widened(from);
  return {
    from: low,
    to: high,
    ticks: niceTicks(low, high, tickCount),
    place: (value) => span.start + ((value - low) / (high - low)) * (span.end - span.start),
  };
}

/** A linear scale from zero up to the first tick above all values. */
export function amountScale(most: number, span: Span, tickCount = 4): Scale {
  const step = niceStep(0, most > 0 ? most : 1, tickCount);
  return linearScale(0, Math.max(1, Math.ceil((most * (1 - 1e-9)) / step)) * step, span, tickCount);
}

/** A scale of powers; both ends must be above zero. Ticks are 1, 2 and 5 times powers of ten, or fewer. */
export function powerScale(from: number, to: number, span: Span): Scale {
  const [low, high] = to > from ? [from, to] : [from / 1.1, from * 1.1];
  const place = (value: number): number =>
    span.start + (Math.log(value / low) / Math.log(high / low)) * (span.end - span.start);
  return { from: low, to: high, ticks: powerTicks(low, high), place };
}

function powerTicks(low: number, high: number): number[] {
  const decades = Math.log10(high / low);
  const factors = decades > 3 ? [1] : decades > 1 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 8];
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
    for (const factor of factors) {
      const tick = withoutNoise(factor * 10 ** power);
      if (tick >= low && tick <= high) ticks.push(tick);
    }
  return ticks;
}

/** About `count` round numbers between two values: 1, 2 or 5 times a power of ten apart. */
export function niceTicks(from: number, to: number, count: number): number[] {
  const step = niceStep(from, to, count);
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) =>
    withoutNoise((first + index) * step),
  );
}

/** The distance of {@link niceTicks}. */
export function niceStep(from: number, to: number, count: number): number {
  const rough = (to - from) / Math.max(1, count);
  if (!(rough > 0) || !Number.isFinite(rough)) return 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((each) => each * power >= rough * (1 - 1e-9)) ?? 10;
  return factor * power;
}

function widened(value: number): readonly [number, number] {
  const room = value === 0 ? 1 : Math.abs(value) * 0.1;
  return [value - room, value + room];
}

/** 0.30000000000000004 → 0.3 */
function withoutNoise(value: number): number {
  return Number(value.toPrecision(12)) + 0;
}
