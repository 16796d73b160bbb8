import { parentPort, workerData } from 'node:worker_threads';
import { type CopySpec, GroupCopier, type PieceTask } from './group-copier.ts';

/** A thread that copies pieces of CSV files, one for each core. */
const copier = new GroupCopier(workerData as CopySpec);

parentPort?.on('message', (task: PieceTask) => {
  const group = copier.copy(task);
  parentPort?.postMessage(group, group === null ? [] : [group.bytes.buffer as ArrayBuffer]);
});
