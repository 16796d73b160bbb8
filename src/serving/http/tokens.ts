import { createHash, timingSafeEqual } from 'node:crypto';
import { ServeBatchError } from '../../core/errors.ts';

const LEAST_LENGTH = 16;

/** Who may ask. Tokens are kept as hashes, and compared in a time that tells nothing of them. */
export class Tokens {
  #hashes: readonly Buffer[] = [];

  /** @param tokens none: everybody may ask */
  constructor(tokens: readonly string[]) {
    this.replace(tokens);
  }

  /** From now on these: requests under way go on with what they were let in by. */
  replace(tokens: readonly string[]): void {
    this.#hashes = tokens.map(hashOf);
  }

  /** @param authorization the header, `Bearer TOKEN` */
  allows(authorization: string | undefined): boolean {
    if (this.#hashes.length === 0) return true;
    const given = hashOf(/^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? '');
    return this.#hashes.reduce((found, hash) => timingSafeEqual(hash, given) || found, false);
  }
}

/**
 * The tokens of a file: one a line, without those that begin with `#`. Throws `USAGE` for a file without any,
 * and for tokens that are easily guessed.
 * @param file named in errors
 */
export function parseTokens(text: string, file: string): readonly string[] {
  const tokens = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (tokens.length === 0)
    throw new ServeBatchError(
      'USAGE',
      `${file} holds no token. Write one a line, of at least 16 characters.`,
    );
  tokens.forEach((token, index) => {
    if (token.length >= LEAST_LENGTH && /^[!-~]+$/.test(token)) return;
    throw new ServeBatchError(
      'USAGE',
      `Token ${index + 1} of ${file} cannot be used: expected at least ${LEAST_LENGTH} characters without spaces. Make one with "openssl rand -hex 24".`,
    );
  });
  return tokens;
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
