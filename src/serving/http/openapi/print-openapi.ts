import { DEFAULT_LIMITS } from '../http-server.ts';
import { openApiText } from './openapi.ts';

// After a build: node dist/serving/http/openapi/print-openapi.js > docs/openapi.json
process.stdout.write(openApiText({ mostKeys: DEFAULT_LIMITS.keys }));
