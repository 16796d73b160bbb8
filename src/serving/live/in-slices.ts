/** Questions of one request that wait at once, at most, where the queue is longer. */
const MOST_AT_ONCE = 256;

/**
 * Asks one after the other slice of a list: a request for more than the queue holds would be refused whatever else is
 * going on.
 * @param queue what may wait at once
 */
export async function inSlices<T, R>(
  list: readonly T[],
  queue: number,
  ask: (each: T, index: number) => Promise<R>,
): Promise<readonly R[]> {
  const size = Math.min(MOST_AT_ONCE, queue);
  if (list.length <= size) return Promise.all(list.map(ask));
  const answers: R[] = [];
  for (let from = 0; from < list.length; from += size) {
    const slice = list.slice(from, from + size);
    answers.push(...(await Promise.all(slice.map((each, index) => ask(each, from + index)))));
  }
  return answers;
}
