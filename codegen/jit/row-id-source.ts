/**
 * Rows of a table by what several of its indexes find together: their row ids, ascending, each once, are cut and put together, then
 * the rows are fetched in that order, so that a page is met once.
 *
 * An entry says no more than that some version of the row had its key: the rows that are seen are looked at with all conditions, which
 * the stage does. So nothing hangs on the moment at which each of the indexes was read (SM-B2).
 */

import type { RowIdFetch, RowIds } from '../../engine/plan/physical.ts';
import { createCursor, cursorAt, cursorBound, cursorFirst, nextBatch } from '../../engine/storage/btree/cursor.ts';
import { rowIdOf, rowIdPage, rowIdSlot } from '../../engine/storage/rows/row-image.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { readCurrent } from '../../engine/txn/index-read.ts';
import type { CatalogTable } from '../../engine/catalog/objects.ts';
import { createKeyScratch, type TableRuntime } from '../../engine/storage/rows/runtime.ts';
import { noteTable } from '../../engine/txn/serializable.ts';
import { checkBound } from '../../engine/txn/snapshot.ts';
import { SERIALIZABLE } from '../../engine/txn/transactions.ts';
import { type TokenQuery, tokenQuery } from '../rows/gin-query.ts';
import type { Token } from '../rows/gin-tokens.ts';
import type { Builder } from './builder.ts';
import { indexAccess, IndexReader, type RangeShape } from './index-source.ts';
import { checkMemory, memoryLimit } from './memory-limit.ts';
import { type MadeStage, tableColumns } from './sources.ts';
import { compileDrain, compileValues, type Drain, type Sink } from './stage-code.ts';
import { type GroupRoom, look, type RunningStage, STAGE_DONE, STAGE_PAUSED, verdict } from './stage-run.ts';
import type { Stage } from './stages.ts';
import type { State } from './state.ts';

/** Row ids, ascending, each once. */
type Ids = Float64Array;

const NO_IDS = new Float64Array(0);
/** Rows between looks at the cancel word. */
const ROWS_A_LOOK = 256;

export class RowIdPlace {
  ids: Ids = NO_IDS;
  next = 0;
}

/** Collects numbers. */
export class RowIdList {
  #ids = new Float64Array(256);
  count = 0;

  add(id: number): void {
    if (this.count === this.#ids.length) {
      const ids = new Float64Array(this.count * 2);
      ids.set(this.#ids);
      this.#ids = ids;
    }
    this.#ids[this.count++] = id;
  }

  /** Ascending, each once. */
  sorted(): Ids {
    const ids = this.#ids.subarray(0, this.count).sort();
    let kept = 0;
    for (let at = 0; at < ids.length; at++) if (at === 0 || ids[at] !== ids[at - 1]) ids[kept++] = ids[at];
    return ids.subarray(0, kept);
  }
}

type Finder = (c: State) => Ids;

export function rowIdSource(builder: Builder, stage: Stage, node: RowIdFetch, sink: Sink, groups: GroupRoom): MadeStage {
  const { catalog, table, columns } = tableColumns(builder, node);
  const part = builder.part(() => new RowIdPlace());
  const find = finderOf(builder, catalog, table, node.ids);
  const { drain, limits } = compileDrain(builder, stage, { kind: 'images', columns }, sink, new Set(), false);
  return { stage: fetchStage(part, table, find, drain, groups, sink.kind === 'rows'), limits };
}

function finderOf(builder: Builder, catalog: CatalogTable, table: TableRuntime, ids: RowIds): Finder {
  if (ids.op === 'range') return rangeFinder(builder, catalog, table, ids);
  if (ids.op === 'tokens') return tokenFinder(builder, catalog, table, ids);
  const parts = ids.parts.map((one) => finderOf(builder, catalog, table, one));
  if (ids.op === 'and') {
    return (c) => {
      let found = parts[0](c);
      // Nothing is left: the others need not be read.
      for (let at = 1; at < parts.length && found.length > 0; at++) found = inBoth(found, parts[at](c));
      return found;
    };
  }
  return (c) => {
    const all = new RowIdList();
    for (const one of parts) {
      for (const id of one(c)) all.add(id);
      checkMemory(all.count * 8, memoryLimit(c.kernel));
    }
    return all.sorted();
  };
}

function rangeFinder(
  builder: Builder,
  catalog: CatalogTable,
  table: TableRuntime,
  { index: id, equal, low, high }: RowIds & { readonly op: 'range' },
): Finder {
  const index = catalog.indexes.find((one) => one.id === id) as CatalogTable['indexes'][number];
  const access = indexAccess(catalog, table, index);
  const part = builder.part(() => new IndexReader(access));
  const given = [...equal, ...(low === null ? [] : [low.value]), ...(high === null ? [] : [high.value])];
  const values = compileValues(builder, part, given);
  const how = (bound: typeof low): RangeShape['low'] => (bound === null ? 'none' : bound.inclusive ? 'inclusive' : 'exclusive');
  const shape: RangeShape = { equal: equal.length, low: how(low), high: how(high), backward: false };
  return (c) => {
    const reader = c.parts[part] as IndexReader;
    if (!values(c) || !reader.begin(c, shape)) return NO_IDS;
    const list = new RowIdList();
    while (reader.nextIds(c, list)) {
      look(c, false);
      checkMemory(list.count * 8, memoryLimit(c.kernel));
    }
    reader.close();
    return list.sorted();
  };
}

/** Values of one question to a gin index, and the cursor that reads its lists. */
class TokenPlace {
  readonly values: RowValue[] = [];
  readonly cursor = createCursor('i64');
  readonly key = createKeyScratch();
}

/** Rows that may satisfy a condition on a gin index: lists of row ids by token, cut and put together (gin-query.ts). */
function tokenFinder(
  builder: Builder,
  catalog: CatalogTable,
  table: TableRuntime,
  { index: id, place, tokens, primitive, value }: RowIds & { readonly op: 'tokens' },
): Finder {
  const index = catalog.indexes.find((one) => one.id === id) as CatalogTable['indexes'][number];
  const position = index.kernelIndex;
  const part = builder.part(() => new TokenPlace());
  const values = compileValues(builder, part, [value]);
  return (c) => {
    // Keys of a gin index are of no range that somebody might have read: the whole table was (SM, serializable).
    if (c.tx.isolation === SERIALIZABLE) noteTable(c.kernel.locks, c.tx, table.id);
    if (!values(c)) return NO_IDS;
    const own = c.parts[part] as TokenPlace;
    return tokenIds(c, table.indexes[position].root, own, tokenQuery(tokens, place, primitive, own.values[0]));
  };
}

function tokenIds(c: State, root: number, place: TokenPlace, query: TokenQuery): Ids {
  switch (query.kind) {
    case 'none':
      return NO_IDS;
    case 'every':
      return entryIds(c, root, place, null);
    case 'token':
      return entryIds(c, root, place, query.token);
    case 'and': {
      let found: Ids | null = null;
      for (const one of query.parts) {
        const ids = tokenIds(c, root, place, one);
        found = found === null ? ids : inBoth(found, ids);
        if (found.length === 0) break;
      }
      return found ?? NO_IDS;
    }
    default: {
      const all = new RowIdList();
      for (const one of query.parts) {
        for (const rowId of tokenIds(c, root, place, one)) all.add(rowId);
        checkMemory(all.count * 8, memoryLimit(c.kernel));
      }
      return all.sorted();
    }
  }
}

/** Row ids of the entries of one token; null: of all. */
function entryIds(c: State, root: number, { cursor, key }: TokenPlace, token: Token | null): Ids {
  const list = new RowIdList();
  if (token === null) cursorFirst(cursor);
  else {
    key.i32[0] = token.high;
    key.i32[1] = token.low;
    key.length = 8;
    cursorAt(cursor, key, 0, 0);
    cursorBound(cursor, key, -1, 65535);
  }
  for (;;) {
    const count = nextBatch(c.tx.context.tree, root, cursor);
    // What is missing from the batch is missing from the snapshot only if that still stands.
    checkBound(c.tx);
    if (count === 0) return list.sorted();
    for (let entry = 0; entry < count; entry++) list.add(rowIdOf(cursor.rowPages[entry], cursor.rowSlots[entry]));
    look(c, false);
    checkMemory(list.count * 8, memoryLimit(c.kernel));
  }
}

function inBoth(a: Ids, b: Ids): Ids {
  const both = new Float64Array(Math.min(a.length, b.length));
  let count = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) {
      both[count++] = a[i++];
      j++;
    } else if (a[i] < b[j]) i++;
    else j++;
  }
  return both.subarray(0, count);
}

function fetchStage(
  part: number,
  table: TableRuntime,
  find: Finder,
  drain: Drain,
  groups: GroupRoom,
  isRows: boolean,
): RunningStage {
  return {
    begin: (c) => {
      const place = c.parts[part] as RowIdPlace;
      place.ids = find(c);
      place.next = 0;
    },
    run: (c) => {
      const place = c.parts[part] as RowIdPlace;
      for (let row = 0; place.next < place.ids.length; row++) {
        if (row % ROWS_A_LOOK === 0 && look(c, row > 0)) return STAGE_PAUSED;
        const id = place.ids[place.next++];
        const page = rowIdPage(id);
        const slot = rowIdSlot(id);
        c.pages++;
        if (readCurrent(c.tx, table, page, slot, c.out) === 0) continue;
        c.oneRow(page, slot);
        groups.reserve(c, 1);
        drain(c, c.out, 0, 1);
        const end = verdict(c, isRows);
        if (end >= 0) return end;
      }
      place.ids = NO_IDS;
      return STAGE_DONE;
    },
  };
}
