/**
 * What the connections of a worker do, for others to see (sessions-table.ts): written down now and then, not with each statement. A
 * statement that nobody could see running has ended before anyone looks.
 *
 * The same round ends transactions that their clients leave open too long.
 */

import { SqlError } from '../../shm/errors.ts';
import type { ClientConnection } from './connection.ts';
import type { ActivityState, SessionsTable } from './sessions-table.ts';

const ROUND_MS = 100;

export class Activity {
  readonly #sessions: SessionsTable;
  readonly #now: () => number;
  readonly #dirty: ClientConnection[] = [];
  /** Connections that wait for their client in a transaction, and may not for ever. */
  readonly #idle = new Set<ClientConnection>();
  #timer: NodeJS.Timeout | null = null;

  constructor(sessions: SessionsTable, now: () => number) {
    this.#sessions = sessions;
    this.#now = now;
  }

  /** Something has happened on it. */
  note(connection: ClientConnection): void {
    connection.isDirty = true;
    this.#dirty.push(connection);
    this.#timer ??= setTimeout(() => this.#round(), ROUND_MS).unref();
  }

  forget(connection: ClientConnection): void {
    this.#idle.delete(connection);
  }

  #round(): void {
    this.#timer = null;
    for (const connection of this.#dirty.splice(0)) this.#write(connection);
    const now = performance.now();
    for (const connection of this.#idle) {
      const limit = idleLimit(connection);
      if (limit > 0 && now - connection.idleInBlockSince >= limit) this.#end(connection);
    }
    if (this.#idle.size > 0) this.#timer ??= setTimeout(() => this.#round(), ROUND_MS).unref();
  }

  #write(connection: ClientConnection): void {
    connection.isDirty = false;
    const { row } = connection;
    const served = connection.session;
    if (row < 0 || served === null) return;
    const { session } = served.connection;
    const isWaiting = !connection.isAtRest;
    const status = served.status;
    const state: ActivityState = isWaiting
      ? 'active'
      : status === 'idle'
        ? 'idle'
        : status === 'active'
          ? 'idle in transaction'
          : 'idle in transaction (aborted)';
    const now = this.#now();
    this.#sessions.text(row, 'query', served.query);
    this.#sessions.activity(row, state, isWaiting, session.transaction === null ? 0 : session.transactionTime, now, now);
    if (status !== 'idle' && !isWaiting && idleLimit(connection) > 0) {
      connection.idleInBlockSince = performance.now();
      this.#idle.add(connection);
    } else this.#idle.delete(connection);
  }

  #end(connection: ClientConnection): void {
    this.#idle.delete(connection);
    connection.endWith(new SqlError('25P03', 'terminating connection due to idle-in-transaction timeout'));
  }
}

const idleLimit = (connection: ClientConnection): number =>
  Number(connection.session?.connection.session.settings.get('idle_in_transaction_session_timeout') ?? 0);
