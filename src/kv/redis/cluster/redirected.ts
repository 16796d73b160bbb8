import { PATIENCE_MS } from '../connection/failover.ts';
import type { Commands } from '../load/redis-bulk.ts';
import type { PackedEntry } from '../packed/packed-merges.ts';
import { countLines } from '../packed/packed-text.ts';
import { pieces } from '../redis-copy.ts';
import type { ClusterConnection } from './cluster-connection.ts';
import type { FencedHere } from './fenced-here.ts';

const COMMANDS_AT_ONCE = 500;

/** Commands of a load that a master did not carry out, as their slot has moved, or is moving. */
export class Redirected {
  readonly #cluster: ClusterConnection;
  readonly #here: FencedHere;
  #commands: (readonly Buffer[])[] = [];

  constructor(cluster: ClusterConnection, here: FencedHere) {
    this.#cluster = cluster;
    this.#here = here;
  }

  add(commands: Commands): void {
    for (const command of commands) this.#commands.push(command);
  }

  /** The sum of all replies that are numbers, and the packed texts whose keys were there already. */
  async resend(): Promise<{ readonly sum: number; readonly refused: readonly PackedEntry[] }> {
    const commands = this.#commands;
    this.#commands = [];
    // A time to live is for a key that is there.
    const isExpire = ([name]: readonly Buffer[]) => name?.toString() === 'EXPIRE';
    const inOrder = [...commands.filter((each) => !isExpire(each)), ...commands.filter(isExpire)];
    let sum = 0;
    const refused: PackedEntry[] = [];
    for (const some of pieces(inOrder, COMMANDS_AT_ONCE)) {
      const replies = await this.#send(some);
      for (const [index, reply] of replies.entries()) {
        const [, key, packed] = some[index] ?? [];
        if (typeof reply === 'number') sum += reply;
        if (reply !== null || key === undefined || packed === undefined) continue;
        refused.push({ key, packed });
        // As the commands of the load have it, for whom it counts as created.
        sum -= countLines(packed);
      }
    }
    return { sum, refused };
  }

  #send(commands: Commands): Promise<readonly unknown[]> {
    return this.#cluster.run(
      (client) =>
        Promise.all(
          commands.map(([name, key, ...args]) =>
            this.#here.write(client, name?.toString() ?? '', key?.toString() ?? '', args),
          ),
        ),
      PATIENCE_MS.long,
    );
  }
}
