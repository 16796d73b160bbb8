import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
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
    return this.#find(/^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? '') !== undefined;
  }

  /** Whether there are any: else everybody may ask. */
  get areWanted(): boolean {
    return this.#hashes.length > 0;
  }

  /** Something that only this token makes of a text, and that tells nothing of it; null: it is not let in. */
  seal(token: string, text: string): string | null {
    const hash = this.#find(token.trim());
    return hash === undefined ? null : sealOf(hash, text).toString('base64url');
  }

  /** Whether one of the tokens has made this seal. */
  isSealed(text: string, seal: string): boolean {
    const given = hashOf(seal);
    return this.#hashes.reduce(
      (found, hash) => timingSafeEqual(hashOf(sealOf(hash, text).toString('base64url')), given) || found,
      false,
    );
  }

  #find(token: string): Buffer | undefined {
    const given = hashOf(token);
    return this.#hashes.reduce<Buffer | undefined>(
      (found, hash) => (timingSafeEqual(hash, given) ? hash : found),
      undefined,
    );
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

function sealOf(hash: Buffer, text: string): Buffer {
  return createHmac('sha256', hash).update(text).digest();
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
