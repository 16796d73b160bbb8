import { basename } from 'node:path';
import { maskUrl } from '../../core/text/secrets.ts';

/** The command line of a process for messages: `serve-batch run sales --kv redis://cache:6379`. No passwords. */
export function commandLine(argv: readonly string[]): string {
  const [, script = 'serve-batch', ...args] = argv;
  return [basename(script), ...args.map(withoutPassword)].join(' ');
}

/** URLs stand alone or behind a flag: `--kv=redis://:password@cache`. */
function withoutPassword(argument: string): string {
  return argument.replace(/[a-z][a-z0-9+.-]*:\/\/.*/i, maskUrl);
}
