/** Beginning a log record of rows that are appended (storage/append-record.ts). Hot, no allocation. */

import { NO_INDEX, setAppendHeader, writeAppendItem } from '../storage/append-record.ts';
import { mayGrow } from '../storage/log/growing.ts';
import { PREVIOUS, START } from '../storage/log/log-context.ts';
import { LOG_RECORD_BYTES } from '../storage/log/log-record.layout.gen.ts';
import { publish, reserve, startRecord } from '../storage/log/log.ts';
import { RECORD, RECORD_GROUP_END } from '../storage/log/records.ts';
import type { ByteViews } from '../storage/rows/byte-views.ts';
import type { TableRuntime } from '../storage/rows/runtime.ts';
import type { Transaction } from './transactions.ts';
import { setTxnSlotLastLsn, txnSlotLastLsn } from './txn.layout.gen.ts';

/** A record with one item, which may grow from now on. */
export function beginRecord(
  tx: Transaction,
  table: TableRuntime,
  views: ByteViews,
  row: number,
  page: number,
  slot: number,
  kind: number,
  leaf: number,
  bytes: number,
): void {
  const txns = tx.context;
  const { log } = txns;
  const record = reserve(log, bytes);
  log.scratch[PREVIOUS] = txnSlotLastLsn(txns.f64, tx.slot);
  startRecord(log, record, bytes, RECORD.append, RECORD_GROUP_END, tx.number >>> 0, table.id, page, slot);
  setAppendHeader(log, record, 1, leaf, kind === NO_INDEX ? 0 : table.indexes[0].root, kind);
  writeAppendItem(log, record + LOG_RECORD_BYTES, views.i32, row, txns.next.blanks, kind, txns.key);
  mayGrow(log, record, bytes);
  publish(log, record, bytes);
  setTxnSlotLastLsn(txns.f64, tx.slot, log.scratch[START]);
}
