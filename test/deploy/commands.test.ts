import { describe, expect, it } from 'vitest';
import { commandsByName, quietProgram } from '../docs/command-line.ts';
import { deployedCalls } from './command-lines.ts';

const commands = commandsByName(quietProgram());
const calls = deployedCalls().map((call) => ({ ...call, title: call.words.join(' ') }));

describe('calls of serve-batch in deploy/', () => {
  it('are found in every place', () => {
    expect(calls.map(({ words: [command] }) => command)).toEqual([
      'schedule', // compose
      'serve', // compose
      'serve', // Kubernetes
      'tick', // Kubernetes
      'tick', // systemd, timer
      'schedule', // systemd, long-running
      'tick', // cron
      'run', // Airflow
      'run', // Airflow, pod
    ]);
  });

  it.each(calls)('$file: $title', ({ words }) => {
    const [name = '', ...args] = words;
    const command = commands.get(name);
    expect(command?.name()).toBe(name);
    const { operands, unknown } = command?.parseOptions(args) ?? { operands: [], unknown: [name] };
    expect(unknown).toEqual([]);
    const most = command?.registeredArguments.some(({ variadic }) => variadic)
      ? Number.POSITIVE_INFINITY
      : (command?.registeredArguments.length ?? 0);
    expect(operands.length).toBeLessThanOrEqual(most);
  });
});
