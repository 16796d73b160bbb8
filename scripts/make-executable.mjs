// npm sets this only when it links the package: a rebuilt command would not start any more.
import { chmodSync } from 'node:fs';

chmodSync(new URL('../dist/cli/main.js', import.meta.url), 0o755);
