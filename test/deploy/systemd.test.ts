import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { EXIT } from '../../src/core/errors.ts';
import { readProjectFile, SYSTEMD_UNITS, secondsOf, unitValues } from './deploy-files.ts';

const [TICK, TIMER, SCHEDULE] = SYSTEMD_UNITS;
const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0;
const folder = mkdtempSync(join(tmpdir(), 'serve-batch-units-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('deploy/systemd', () => {
  // systemd-analyze wants the program to exist: any program stands in for the one that is not installed.
  it.skipIf(!hasAnalyze)('passes systemd-analyze verify (skipped where systemd is not installed)', () => {
    const files = SYSTEMD_UNITS.map((unit) => {
      const file = join(folder, basename(unit));
      const text = readProjectFile(unit).replaceAll('/usr/local/bin/serve-batch', process.execPath);
      writeFileSync(file, text);
      return file;
    });
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...files], {
      encoding: 'utf8',
    });
    // Units of the machine that they depend on may have faults of their own.
    expect(stderr.split('\n').filter((line) => line.includes('serve-batch'))).toEqual([]);
    expect(status).toBe(0);
  });

  it.skipIf(!hasAnalyze)('has a calendar that systemd understands', () => {
    const [calendar = ''] = unitValues(TIMER, 'OnCalendar');
    expect(execFileSync('systemd-analyze', ['calendar', calendar], { encoding: 'utf8' })).toContain(
      'Next elapse',
    );
  });

  it('catches up at the start of the machine', () => {
    expect(unitValues(TIMER, 'Persistent')).toEqual(['true']);
  });

  it('knows the exit codes', () => {
    expect(unitValues(TICK, 'SuccessExitStatus')).toEqual([`${EXIT.locked} ${EXIT.sigterm}`]);
    expect(unitValues(SCHEDULE, 'SuccessExitStatus')).toEqual([String(EXIT.sigterm)]);
    expect(unitValues(SCHEDULE, 'RestartPreventExitStatus')).toEqual([String(EXIT.usage)]);
    expect(unitValues(SCHEDULE, 'Restart')).toEqual(['on-failure']);
  });

  it.each([TICK, SCHEDULE])(
    '%s is not root, writes to its own folder only, and tells only the program to end',
    (unit) => {
      expect(unitValues(unit, 'User')).toEqual(['serve-batch']);
      expect(unitValues(unit, 'ProtectSystem')).toEqual(['strict']);
      expect(unitValues(unit, 'StateDirectory')).toEqual(['serve-batch']);
      expect(unitValues(unit, 'NoNewPrivileges')).toEqual(['yes']);
      expect(unitValues(unit, 'KillMode')).toEqual(['mixed']);
      // Node makes code while it runs.
      expect(unitValues(unit, 'MemoryDenyWriteExecute')).toEqual([]);
    },
  );

  it('hardens both services alike', () => {
    const hardening = (unit: string): string | undefined =>
      /^User=.*?^SystemCallErrorNumber=.*?$/ms.exec(readProjectFile(unit))?.[0];
    expect(hardening(SCHEDULE)).toBeDefined();
    expect(hardening(SCHEDULE)).toBe(hardening(TICK));
  });

  it('gives the scheduler more time to end than it takes itself', () => {
    const [command = ''] = unitValues(SCHEDULE, 'ExecStart');
    const grace = /--grace (\S+)/.exec(command)?.[1] ?? '';
    expect(secondsOf(unitValues(SCHEDULE, 'TimeoutStopSec')[0] ?? '')).toBeGreaterThan(secondsOf(grace));
  });
});
