import { distance } from 'fastest-levenshtein';

/** The names nearest to a mistyped one, best first; empty where none is near. */
export function nearestNames(name: string, candidates: readonly string[], most = 3): string[] {
  const wanted = name.toLowerCase();
  return candidates
    .map((candidate) => ({ candidate, edits: distance(wanted, candidate.toLowerCase()) }))
    .filter(({ candidate, edits }) => edits <= Math.ceil(Math.max(name.length, candidate.length) / 3))
    .sort((a, b) => a.edits - b.edits)
    .slice(0, most)
    .map(({ candidate }) => candidate);
}

/** ` Did you mean "price"?`, or nothing. Starts with a space, to be put behind a sentence. */
export function suggestion(name: string, candidates: readonly string[]): string {
  const names = nearestNames(name, candidates, 2);
  return names.length === 0 ? '' : ` Did you mean ${names.map((each) => `"${each}"`).join(' or ')}?`;
}
