/**
 * SM-P2: keys change and change back, rows are deleted and their slots used again, the collector and VACUUM take out old entries and
 * say so in rows and pages: a reader that takes entries without their rows, where those say that it may, finds what its snapshot has in
 * the heap.
 */

import { cursorKey, createCursor, cursorFirst, nextBatch } from '../../../engine/storage/btree/cursor.ts';
import { createKeyScratch } from '../../../engine/storage/rows/runtime.ts';
import { entriesThatCount } from '../../../engine/txn/index-only.ts';
import { acceptRow } from '../../../engine/txn/index-read.ts';
import { settleEntries } from '../../../engine/txn/settle-entries.ts';
import { STATEMENT_SIMPLE } from '../../../engine/txn/begin.ts';
import { REPEATABLE_READ, ROW_DONE, ROW_PAGE, ROW_SLOT, type Transaction } from '../../../engine/txn/transactions.ts';
import type { InterleavingCase } from '../case.ts';
import { allDone, endRun, freshRun, type KernelPayload, ownRows, type Rows, sessionRows } from './kernel-store.ts';

/** Ids of the run's rows by their unique index: those that count by themselves, and those whose rows say so. */
function idsByEntries(rows: Rows, tx: Transaction, first: number): { readonly ids: number[]; readonly alone: number } {
  const ids: number[] = [];
  let alone = 0;
  rows.kernel.statement(tx, STATEMENT_SIMPLE, false, () => {
    const { runtime } = rows.table;
    const index = runtime.indexes[0];
    const cursor = createCursor(index.kind);
    const counts = new Uint8Array(cursor.capacity);
    const key = createKeyScratch();
    const out = rows.table.newRow();
    cursorFirst(cursor);
    while (nextBatch(tx.context.tree, index.root, cursor) > 0) {
      entriesThatCount(tx, runtime, index, cursor, 0, cursor.count, counts);
      for (let entry = 0; entry < cursor.count; entry++) {
        cursorKey(cursor, entry, key);
        const id = key.i32[0];
        if (id < first || id >= first + 1000) continue;
        if (counts[entry] === 1) alone++;
        else if (acceptRow(tx, runtime, index, key, cursor.rowPages[entry], cursor.rowSlots[entry], out) === 0) continue;
        ids.push(id);
      }
    }
    return ROW_DONE;
  });
  return { ids, alone };
}

/** The row gets another id. */
function rename(rows: Rows, tx: Transaction, from: number, to: number): void {
  rows.remove(tx, from);
  rows.insert(tx, to, 0);
}

function rekey(rows: Rows, tx: Transaction, from: number, to: number): void {
  rows.write(tx, () => {
    const { table, found, image } = rows;
    if (!table.find(tx, 'rows_id', [from], found)) return ROW_DONE;
    const [page, slot] = [tx.ints[ROW_PAGE], tx.ints[ROW_SLOT]];
    table.encode(image, [to, 0, ''], tx);
    return table.update(tx, page, slot, image);
  });
}

export const interleaving: InterleavingCase<KernelPayload, readonly string[]> = {
  name: 'SM-P2: entries that count without their rows',
  sessions: 3,
  setup: () => {
    const payload = freshRun(3);
    ownRows().kernel.checkpoint();
    return payload;
  },
  session: (payload, session) => {
    const rows = sessionRows(payload);
    const [first, second, third] = payload.ids;
    if (session === 1) {
      rows.transact((tx) => rekey(rows, tx, first, first + 100));
      rows.transact((tx) => rename(rows, tx, second, second + 200));
      rows.transact((tx) => rekey(rows, tx, first + 100, first));
      const tx = rows.kernel.begin();
      rekey(rows, tx, third, third + 300);
      rows.kernel.rollback(tx);
      return [];
    }
    if (session === 2) {
      const { txns } = rows.kernel.parts;
      for (let count = 0; count < 3; count++) {
        rows.kernel.tidy();
        rows.kernel.enter(() => void settleEntries(txns, rows.table.runtime, () => false));
      }
      return [];
    }
    const seen: string[] = [];
    for (let count = 0; count < 3; count++) {
      const tx = rows.kernel.begin({ isolation: REPEATABLE_READ });
      for (let again = 0; again < 2; again++) {
        const heap = rows.scan(tx, payload.ids).map(([id]) => id);
        seen.push(`${idsByEntries(rows, tx, first).ids.join()}=${heap.join()}`);
      }
      rows.kernel.rollback(tx);
    }
    return seen;
  },
  check: ({ ids }, results) => {
    const [seen] = allDone(results);
    for (const one of seen) {
      const [entries, heap] = one.split('=');
      if (entries !== heap) throw new Error(`by entries = by heap: ${seen.join(' | ')}`);
    }
    const rows = ownRows();
    rows.kernel.tidy();
    rows.kernel.enter(() => void settleEntries(rows.kernel.parts.txns, rows.table.runtime, () => false));
    const { problems } = rows.kernel.check();
    if (problems.length > 0) throw new Error(problems[0].what);
    const tx = rows.kernel.begin({ readOnly: true });
    const { ids: found, alone } = idsByEntries(rows, tx, ids[0]);
    rows.kernel.rollback(tx);
    const wanted = [ids[0], ids[2], ids[1] + 200];
    if (found.join() !== wanted.join()) throw new Error(`in the end the index has ${found}`);
    if (alone !== 3) throw new Error(`in the end ${alone} of 3 entries count without their rows`);
  },
  teardown: endRun,
};
