/** The rows of pg_stat_activity, pg_locks and pg_stat_statements, from what the workers of a server share. */

import { createHash } from 'node:crypto';
import type { ServedFigures } from '../catalog/virtual/pg-stat.ts';
import { FIRST_DATABASE } from '../catalog/system-tables.ts';
import type { VirtualRow } from '../catalog/virtual/virtual-table.ts';
import { sessionAt } from '../txn/sessions.ts';
import { isRunning, slotOf } from '../txn/slots.ts';
import type { Transactions } from '../txn/transactions.ts';
import { loadSessionTransaction, loadSessionWaitsFor } from '../txn/txn.layout.gen.ts';
import type { SessionRow, SessionsTable } from './sessions-table.ts';
import type { StatementCounts } from './statement-figures.ts';

const timeOrNull = (microseconds: number): number | null => (microseconds === 0 ? null : microseconds);

function splitClient(client: string): { address: string | null; port: number } {
  const colon = client.lastIndexOf(':');
  return colon < 0 ? { address: null, port: -1 } : { address: client.slice(0, colon), port: Number(client.slice(colon + 1)) };
}

export class ServerFigures implements ServedFigures {
  readonly #sessions: SessionsTable;
  readonly #txns: Transactions;
  readonly #statements: StatementCounts;

  constructor(sessions: SessionsTable, txns: Transactions, statements: StatementCounts) {
    this.#sessions = sessions;
    this.#txns = txns;
    this.#statements = statements;
  }

  *#rows(): Iterable<SessionRow> {
    for (let row = 0; row < this.#sessions.rows; row++) {
      const found = this.#sessions.read(row);
      if (found !== null) yield found;
    }
  }

  /** Number of the transaction of a session; 0: it has not changed anything. */
  #transaction({ session }: SessionRow): number {
    return loadSessionTransaction(this.#txns.i32, sessionAt(this.#txns, session)) >>> 0;
  }

  #waitsFor({ session }: SessionRow): number {
    const number = loadSessionWaitsFor(this.#txns.i32, sessionAt(this.#txns, session)) >>> 0;
    return number !== 0 && isRunning(this.#txns, number) ? number : 0;
  }

  /** `numberOf`: the number of a database by its name. */
  *activity(numberOf: (database: string) => number | null): Iterable<VirtualRow> {
    for (const row of this.#rows()) {
      const { address, port } = splitClient(row.client);
      const waits = this.#waitsFor(row) !== 0;
      yield {
        ...{
          datid: numberOf(row.database),
          datname: row.database,
          pid: row.process,
          usename: row.user,
          application_name: row.application,
        },
        ...{ client_addr: address, client_port: port, backend_start: row.begun, xact_start: timeOrNull(row.transactionBegun) },
        ...{ query_start: timeOrNull(row.statementBegun), state_change: timeOrNull(row.changed) },
        wait_event_type: waits ? 'Lock' : row.state === 'active' ? null : 'Client',
        wait_event: waits ? 'transactionid' : row.state === 'active' ? null : 'ClientRead',
        ...{ state: row.state, backend_xid: this.#transaction(row) || null, query: row.query, backend_type: 'client backend' },
      };
    }
  }

  *locks(): Iterable<VirtualRow> {
    for (const row of this.#rows()) {
      const held = this.#transaction(row);
      const awaited = this.#waitsFor(row);
      const own = { locktype: 'transactionid', virtualtransaction: `${row.session}/${held}`, pid: row.process, fastpath: false };
      if (held !== 0 && slotOf(this.#txns, held) !== 0)
        yield { ...own, transactionid: held, mode: 'ExclusiveLock', granted: true };
      if (awaited !== 0) yield { ...own, transactionid: awaited, mode: 'ShareLock', granted: false };
    }
  }

  *statements(): Iterable<VirtualRow> {
    for (const { query, calls, total, least, most, rows } of this.#statements.all()) {
      const id = createHash('sha256').update(query).digest().readBigInt64BE() >> 11n;
      yield {
        ...{ userid: 10, dbid: FIRST_DATABASE, toplevel: true, queryid: Number(id), query, calls, rows, total_exec_time: total },
        ...{ min_exec_time: least, max_exec_time: most, mean_exec_time: total / calls },
      };
    }
  }
}
