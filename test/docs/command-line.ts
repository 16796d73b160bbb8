import type { Command } from 'commander';
import { ChildProcesses } from '../../src/children/child-processes.ts';
import type { CliContext } from '../../src/cli/context.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { Secrets } from '../../src/core/text/secrets.ts';

/** The command line as it is built for users; nothing it would print goes anywhere. */
export function quietProgram(): Command {
  const context: CliContext = {
    env: {},
    cwd: '.',
    stdin: process.stdin,
    out: () => {},
    err: () => {},
    isTerminal: false,
    signal: new AbortController().signal,
    drain: new AbortController().signal,
    allowGrace: () => {},
    secrets: new Secrets(),
    workers: new ChildProcesses(),
  };
  return buildProgram(context);
}

/** Commands that do something, by the words that call them: `run`, `runs ls`. */
export function commandsByName(program: Command): ReadonlyMap<string, Command> {
  const found = new Map<string, Command>();
  const visit = (command: Command, words: readonly string[]): void => {
    for (const child of command.commands) {
      const name = [...words, child.name()];
      visit(child, name);
      // A group of commands does something itself where it has options: `schedule`, but not `runs`.
      if (child.commands.length === 0 || child.options.length > 0) found.set(name.join(' '), child);
    }
  };
  visit(program, []);
  return found;
}
