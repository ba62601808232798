/**
 * pg_cancel_backend() and pg_terminate_backend(): which session a process is, whose it is, and how its worker learns that its connection
 * is to end.
 *
 *   cancel      the session's word in shared memory, as a request to cancel does
 *   terminate   a message to all workers; the one that has the connection ends it
 */

import { BroadcastChannel } from 'node:worker_threads';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { EngineSignals } from '../exec/engine.ts';
import type { SessionsTable } from './sessions-table.ts';

interface Ending {
  readonly process: number;
}

interface Endable {
  readonly row: number;
  endWith(error: SqlError): void;
}

export class Signals implements EngineSignals {
  readonly #sessions: SessionsTable;
  readonly #connections: Iterable<Endable>;
  readonly #channel: BroadcastChannel;

  constructor(database: string, sessions: SessionsTable, connections: Iterable<Endable>) {
    this.#sessions = sessions;
    this.#connections = connections;
    this.#channel = new BroadcastChannel(`signals of ${database}`);
    this.#channel.onmessage = (event) => this.#end((event as { data: Ending }).data.process);
    (this.#channel as BroadcastChannel & { unref(): void }).unref();
  }

  slotOf(process: number): number {
    return this.#sessions.sessionOfProcess(process);
  }

  userOf(process: number): string | null {
    for (let row = 0; row < this.#sessions.rows; row++) {
      const found = this.#sessions.read(row);
      if (found?.process === process) return found.user;
    }
    return null;
  }

  processOf(slot: number): number {
    for (let row = 0; row < this.#sessions.rows; row++) {
      const found = this.#sessions.read(row);
      if (found?.session === slot) return found.process;
    }
    return 0;
  }

  sessionsIn(database: string): number {
    let count = 0;
    for (let row = 0; row < this.#sessions.rows; row++) if (this.#sessions.read(row)?.database === database) count++;
    return count;
  }

  terminate(process: number): void {
    this.#channel.postMessage({ process } satisfies Ending);
    setImmediate(() => this.#end(process));
  }

  #end(process: number): void {
    for (const connection of this.#connections)
      if (connection.row >= 0 && this.#sessions.process(connection.row) === process) {
        connection.endWith(new SqlError(SQLSTATE.admin_shutdown, 'terminating connection due to administrator command'));
        return;
      }
  }
}
