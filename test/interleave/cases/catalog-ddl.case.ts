/**
 * TX-T14: rows that are inserted beside TRUNCATE and CREATE INDEX. Who gets the table after DDL works with what DDL has left: rows
 * of commits behind the truncation are there, those before it are not, and every row is in every index.
 */

import { ROW_DONE } from '../../../engine/txn/transactions.ts';
import type { InterleavingCase } from '../case.ts';
import { catalogOf, idsIn, indexOn, insertInto, makeTable, tableNamed, transact } from './catalog-store.ts';
import { allDone, checkOwn, endRun, freshRun, type KernelPayload, ownRows, sessionRows } from './kernel-store.ts';

interface Written {
  /** [id, stamp of its commit] of each row. */
  readonly rows: readonly (readonly [number, number])[];
  /** Stamp of the truncation, 0: it made none. */
  readonly truncated: number;
}

const ROWS = 4;

const nameOf = ({ ids }: KernelPayload): string => `ddl_${ids[0]}`;

export const interleaving: InterleavingCase<KernelPayload, Written> = {
  name: 'TX-T14: rows beside TRUNCATE and CREATE INDEX',
  sessions: 2,
  setup: () => {
    const payload = freshRun(1);
    makeTable(catalogOf(ownRows().kernel), nameOf(payload));
    return payload;
  },
  session: (payload, session) => {
    const own = catalogOf(sessionRows(payload).kernel);
    const name = nameOf(payload);
    if (session === 1) {
      const { stamp } = transact(own, (tx) => own.catalog.truncate(tx, own.session, [tableNamed(own, name, tx).id], false));
      transact(own, (tx) =>
        own.catalog.createIndex(tx, own.session, tableNamed(own, name, tx).id, indexOn('v', false), () => {}),
      );
      return { rows: [], truncated: stamp };
    }
    const rows: [number, number][] = [];
    for (let id = 0; id < ROWS; id++) {
      const { result, stamp } = transact(own, (tx) => insertInto(own, tx, name, id));
      if (result !== ROW_DONE) throw new Error(`status ${result}`);
      rows.push([id, stamp]);
    }
    return { rows, truncated: 0 };
  },
  check: (payload, results) => {
    const [writer, definer] = allDone(results);
    const own = catalogOf(ownRows().kernel);
    const expected = writer.rows.filter(([, stamp]) => stamp > definer.truncated).map(([id]) => id);
    const found = idsIn(own, nameOf(payload));
    if (found.join() !== expected.join()) throw new Error(`expected rows ${expected}, found ${found}`);
    const indexes = tableNamed(own, nameOf(payload), null).indexes.length;
    if (indexes !== 2) throw new Error(`${indexes} indexes`);
    checkOwn();
  },
  teardown: (payload) => {
    const own = catalogOf(ownRows().kernel);
    const { id } = tableNamed(own, nameOf(payload), null);
    transact(own, (tx) => own.catalog.dropTable(tx, own.session, id, { cascade: false }));
    own.kernel.tidy();
    endRun(payload);
  },
};
