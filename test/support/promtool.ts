import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ensureProgram } from './ensure-program.ts';

/** Makes sure that Prometheus' checker is there, as {@link ensureProgram} does. */
export function ensurePromtool(): Promise<void> {
  return ensureProgram({
    name: 'promtool',
    debianPackage: 'prometheus',
    howTo: 'with "apt-get install prometheus" (Debian, Ubuntu)',
  });
}

/** Runs promtool on some standard input; returns what it complains of, and nothing where all is well. */
export async function promtool(args: readonly string[], input = ''): Promise<string> {
  const child = spawn('promtool', args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  return code === 0 ? '' : `${code}: ${output}`;
}
