const RUN_ID = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z-[0-9a-z]{4}$/;

/**
 * A new run id: the instant in UTC, then four characters for the part of the second, to the millisecond and
 * random below. Ids sort by time. `random` returns numbers from 0 to 1 (exclusive).
 */
export function newRunId(now: Date, random: () => number = Math.random): string {
  const instant = `${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
  const partOfSecond = (now.getUTCMilliseconds() + random()) / 1000;
  const suffix = Math.floor(partOfSecond * 36 ** 4).toString(36);
  return `${instant}-${suffix.padStart(4, '0')}`;
}

export function isRunId(text: string): boolean {
  return RUN_ID.test(text);
}

/** The instant that a run id names, ISO 8601; undefined where the text is not a run id. */
export function runIdTime(runId: string): string | undefined {
  const match = RUN_ID.exec(runId);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  return `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
}
