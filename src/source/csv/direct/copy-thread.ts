import { parentPort, workerData } from 'node:worker_threads';
import { type CopySpec, GroupCopier, type PieceTask } from './group-copier.ts';

/** A thread that copies pieces of CSV files, one for each core. */
const copier = new GroupCopier(workerData as CopySpec);

parentPort?.on('message', (task: PieceTask) => {
  const copied = copier.copy(task);
  const isGroup = copied !== null && 'chunks' in copied;
  parentPort?.postMessage(copied, isGroup ? [copied.bytes.buffer as ArrayBuffer] : []);
});
