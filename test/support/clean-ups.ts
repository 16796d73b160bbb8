const later: (() => unknown)[] = [];

/** Does something after the tests of the file that is running: what was made last is cleared away first. */
export function cleanUpLater(work: () => unknown): void {
  later.push(work);
}

export async function cleanUp(): Promise<void> {
  for (let work = later.pop(); work !== undefined; work = later.pop()) await work();
}
