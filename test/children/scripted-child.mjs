import { existsSync, writeFileSync } from 'node:fs';

// A child of the pool that loads nothing and does what `path` of the task says.

let place = null;
const waiting = new Map();

const SCRIPTS = {
  /** Says who it is, and where it was told to work. */
  who: (id) => process.send({ id, result: { pid: process.pid, folder: place?.folder } }),
  fail: (id) =>
    process.send({
      id,
      error: { code: 'MODEL_FAILED', message: 'as asked', fields: {}, retryable: false, exitCode: 3 },
    }),
  die: () => process.kill(process.pid, 'SIGKILL'),
  /** Dies unless somebody has died of this file before. */
  'die once': (id, file) => {
    if (existsSync(file)) return SCRIPTS.who(id);
    writeFileSync(file, '');
    process.kill(process.pid, 'SIGKILL');
  },
  /** Until it is asked to stop. */
  wait: (id) => waiting.set(id, () => SCRIPTS.fail(id)),
  /** For ever. */
  hang: () => {},
  /** As a process that somebody has stopped: once what it has said has gone. */
  stop: () => setTimeout(() => process.kill(process.pid, 'SIGSTOP'), 20),
};

process.on('message', (message) => {
  if (message.place) place = message.place;
  else if (message.stop) waiting.get(message.stop)?.();
  else {
    const [script, argument] = message.request.path.split(': ');
    process.send({ id: message.id, rows: 1 });
    SCRIPTS[script](message.id, argument);
  }
});
process.on('disconnect', () => process.exit(0));
