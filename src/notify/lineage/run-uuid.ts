import { createHash } from 'node:crypto';

/** The namespace of the names below, made once at random. */
const NAMESPACE = Buffer.from('5c0f3a5e9b7a4f0db1c86a3d52e7f914', 'hex');

/** The UUID of a run, by name (RFC 9562, version 5): the same in every process, however often a run is continued. */
export function runUuid(namespace: string, job: string, runId: string): string {
  const hash = createHash('sha1')
    .update(NAMESPACE)
    .update(JSON.stringify([namespace, job, runId]))
    .digest();
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = hash.toString('hex', 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
