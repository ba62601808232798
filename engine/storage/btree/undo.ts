/**
 * Undo of index changes: logical, from the root (SM-W7). What was split or merged meanwhile stays so (SM-W6).
 *
 * At run time txn calls indexRemove() itself; recovery comes here with the record of a transaction that did not end.
 */

import type { UndoContext } from '../log/records.ts';
import type { IndexKind, KeyScratch } from '../rows/runtime.ts';
import { indexInsert } from './insert.ts';
import { KIND_BYTES, KIND_I32 } from './node.layout.ts';
import { registerIndexRecords } from './records.ts';
import { indexRemove } from './remove.ts';
import type { IndexChange, Tree } from './tree.ts';

/** The kind that a node's number stands for. */
export function kindOf(number: number): IndexKind {
  if (number === KIND_BYTES) return 'bytes';
  return number === KIND_I32 ? 'i32' : 'i64';
}

/** Registers the B+tree's records with the log, once a thread. `treeOf` finds the thread's tree in what recovery was given. */
export function registerBtree(treeOf: (engine: unknown) => Tree): void {
  registerIndexRecords(
    (context, root, kind, key, rowPage, rowSlot, transaction, table) => {
      const change = compensation(context, transaction, table);
      indexRemove(treeOf(context.engine), { root, kind: kindOf(kind) }, key, rowPage, rowSlot, change, null);
    },
    (context, root, kind, key: KeyScratch, rowPage, rowSlot, transaction, table) => {
      const change = compensation(context, transaction, table);
      indexInsert(treeOf(context.engine), { root, kind: kindOf(kind) }, key, rowPage, rowSlot, change);
    },
  );
}

function compensation(context: UndoContext, transaction: number, table: number): IndexChange {
  return { logged: true, transaction, table, previous: context.lsn[2], compensation: true, lastRecord: 0 };
}
