import { writeSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/**
 * Ends what vitest prints with one line, `N passed, N failed`, for programs that read it. A file that
 * does not load and an error outside all tests count as failed too. Skipped tests are named: none is to
 * go unnoticed.
 */
export class ClosingLine implements Reporter {
  #passed = 0;
  #failed = 0;
  #printed = false;

  onInit(): void {
    // At the very end: other reporters and vitest itself print after the last test.
    process.once('exit', (code) => this.#print(code));
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const skipped: string[] = [];
    this.#passed = 0;
    this.#failed = unhandledErrors.length;
    for (const module of modules) {
      const states = [...module.children.allTests()].map((test) => {
        const { state } = test.result();
        if (state === 'skipped') skipped.push(`${module.relativeModuleId}: ${test.fullName}`);
        return state;
      });
      this.#passed += states.filter((state) => state === 'passed').length;
      const failed = states.filter((state) => state === 'failed').length;
      // A file that does not load has no tests, and a hook that throws fails none by itself.
      this.#failed += failed === 0 && !module.ok() ? 1 : failed;
    }
    if (skipped.length > 0) write(`\nNot run:\n${skipped.map((name) => `  ${name}\n`).join('')}`);
  }

  #print(code: number): void {
    if (this.#printed) return;
    this.#printed = true;
    const failed = code !== 0 && this.#failed === 0 ? 1 : this.#failed;
    write(`${this.#passed} passed, ${failed} failed\n`);
  }
}

/** Blocking, so that nothing is lost or overtaken while the process exits. */
function write(text: string): void {
  writeSync(process.stdout.fd, text);
}
