import { Secrets } from '../../core/text/secrets.ts';
import type { FieldProblem } from './explain-issues.ts';
import { type FieldPath, formatPath } from './field-path.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface FilledData {
  /** The data with its variables filled; where one is missing, the text is left as it was. */
  readonly data: unknown;
  readonly problems: readonly FieldProblem[];
  /** Fields that a variable filled: always text, also where a number is meant. */
  readonly filled: readonly FieldPath[];
  readonly secrets: Secrets;
}

/**
 * Fills `${VAR}` and `${VAR:-default}` in every text of plain data; `$${` is a literal `${`. As in the
 * shell, the default also stands in for an empty variable. Filling comes after parsing, so that a value
 * cannot bring structure with it.
 */
export function fillEnvironment(data: unknown, env: Environment): FilledData {
  const problems: FieldProblem[] = [];
  const filled: FieldPath[] = [];
  const secrets = new Secrets();
  const fill = (value: unknown, path: FieldPath): unknown => {
    if (Array.isArray(value)) return value.map((each, index) => fill(each, [...path, index]));
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(
        Object.entries(value).map(([name, each]) => [name, fill(each, [...path, name])]),
      );
    if (typeof value !== 'string') return value;
    const result = fillText(value, env, secrets);
    problems.push(
      ...result.complaints.map((complaint) => ({ path, message: `${formatPath(path)} ${complaint}` })),
    );
    if (result.filled) filled.push(path);
    addUrlSecrets(result.text, secrets);
    return result.text;
  };
  return { data: fill(data, []), problems, filled, secrets };
}

interface FilledText {
  readonly text: string;
  readonly filled: boolean;
  readonly complaints: readonly string[];
}

function fillText(template: string, env: Environment, secrets: Secrets): FilledText {
  const complaints: string[] = [];
  let filled = false;
  const text = template.replace(
    /\$\$\{|\$\{([^}]*)(\}?)/g,
    (written, inner: string | undefined, end, offset: number) => {
      if (inner === undefined) return '${';
      const variable = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(inner);
      if (variable?.[1] === undefined || end === '') {
        complaints.push(
          `holds ${written}, which is not the name of a variable. Write \${NAME} or \${NAME:-default}, or $\${ for a plain \${.`,
        );
        return written;
      }
      const value = lookUp(variable[1], variable[2], env);
      if (value === undefined) {
        complaints.push(missingVariable(variable[1]));
        return written;
      }
      filled = true;
      if (looksSecret(variable[1]) || isInUserInfo(template, offset, offset + written.length))
        secrets.add(value);
      return value;
    },
  );
  return { text, filled, complaints };
}

function lookUp(name: string, fallback: string | undefined, env: Environment): string | undefined {
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  return fallback !== undefined && (value === undefined || value === '') ? fallback : value;
}

function missingVariable(name: string): string {
  return `needs the environment variable ${name}, which is not set. Set it, or write a default: \${${name}:-...}.`;
}

function looksSecret(variable: string): boolean {
  return /PASSWORD|PASSWD|PASSPHRASE|TOKEN|SECRET|CREDENTIAL|KEY|(?:^|_)PASS(?:$|_)/i.test(variable);
}

/** Whether `text[start, end)` stands between the `://` and the `@` of a URL. */
function isInUserInfo(text: string, start: number, end: number): boolean {
  return /:\/\/[^/?#\s]*$/.test(text.slice(0, start)) && text.slice(end).includes('@');
}

/** Passwords of URLs are secret however they came there: before the host, or as a parameter. */
function addUrlSecrets(text: string, secrets: Secrets): void {
  secrets.addUrl(text);
  if (!text.includes('://')) return;
  for (const [, value] of text.matchAll(/[?&](?:password|auth|token|secret)=([^&#\s]+)/gi))
    secrets.add(value ?? '');
}
