import { jobJsonSchema } from './json-schema.ts';

// After a build: node dist/config/print-json-schema.js > job.schema.json
process.stdout.write(jobJsonSchema());
