/**
 * Foreign keys while rows change.
 *
 *   a row refers     its key is looked for in the index that it refers to, the row there is locked (key share) to the end of the
 *                    transaction: nobody else changes or deletes it meanwhile. What is not found is noted: it may come before the
 *                    statement ends, or the transaction
 *   a row is         the key that has gone is noted with what the foreign key says of that; when the statement has ended,
 *   referred to      engine/exec/references.ts looks after it
 *
 * A key that was found lately is not looked for again: it is locked as long as the transaction lasts. What could take the lock or the
 * row back (a savepoint's rollback, a change of that table in this thread) moves `epoch`.
 *
 * Hot for bulk inserts: no allocation while the keys are of fixed width and found.
 */

import type { CatalogForeignKey, CatalogTable } from '../../engine/catalog/objects.ts';
import { RUN_RERUN, RUN_WAIT, type ReferenceEvent } from '../../engine/plan/program.ts';
import type { ByteViews } from '../../engine/storage/rows/byte-views.ts';
import { ROW_DELETED } from '../../engine/storage/rows/row-image.ts';
import type { PlacedColumn, RowLayout } from '../../engine/storage/rows/row-layout.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import {
  createKeyScratch,
  type IndexRuntime,
  KEY_OK,
  KEY_OVERFLOW,
  type KeyScratch,
  type TableRuntime,
} from '../../engine/storage/rows/runtime.ts';
import { acquireRowLock, LOCK_KEY_SHARE, LOCK_WAITS } from '../../engine/txn/row-locks.ts';
import { copyNewest } from '../../engine/txn/row-read.ts';
import { ROW_DONE, ROW_DUPLICATE, ROW_GONE, ROW_PAGE, ROW_RERUN, ROW_SLOT, ROW_WAIT } from '../../engine/txn/transactions.ts';
import { checkUnique } from '../../engine/txn/unique.ts';
import { isOwn } from '../../engine/txn/visibility.ts';
import { keyExtractor, wideKeyExtractor } from '../rows/key-extractor.ts';
import { KnownKeys } from './known-keys.ts';
import type { State } from './state.ts';

/** Moves when what this thread has found may not hold any more. */
export const epoch = { now: 0 };

/** What compiling asks of the parent table. */
export interface Parent {
  readonly catalog: CatalogTable;
  readonly runtime: TableRuntime;
}

const placedOf = (catalog: CatalogTable, layout: RowLayout, attribute: number): PlacedColumn =>
  layout.columns[(catalog.columns.find(({ number }) => number === attribute) as CatalogTable['columns'][number]).kernelColumn];

/** One foreign key of the table that is changed. */
export class OutgoingKey {
  readonly key: CatalogForeignKey;
  readonly #parent: TableRuntime;
  readonly #position: number;
  readonly #columns: readonly PlacedColumn[];
  readonly #extract: IndexRuntime['extract'];
  readonly #extractWide: IndexRuntime['extractWide'];
  readonly #scratch: KeyScratch = createKeyScratch();
  /** Of one word: keys that were found, and the epoch and transaction of all of them. */
  readonly #isWord: boolean;
  readonly #known = new KnownKeys();
  #epoch = -1;
  #number = 0;
  #begun = 0;

  constructor(key: CatalogForeignKey, catalog: CatalogTable, table: TableRuntime, parent: Parent) {
    this.key = key;
    this.#parent = parent.runtime;
    const index = parent.catalog.indexes.find(({ id }) => id === key.index) as CatalogTable['indexes'][number];
    this.#position = index.kernelIndex;
    const { layout } = table;
    this.#columns = key.attributes.map((attribute) => placedOf(catalog, layout, attribute));
    const own = parent.runtime.indexes[index.kernelIndex];
    // The key of the parent's index, made of this table's columns; none of them is NULL when it is made.
    const columns = [...layout.columns];
    const keys = index.keys.map(({ attribute, descending, nullsFirst }) => {
      const at = key.referenced.indexOf(attribute);
      const place = this.#columns[at].index;
      const theirs = placedOf(parent.catalog, parent.runtime.layout, attribute);
      columns[place] = likeTheirs(columns[place], theirs);
      return { column: place, descending, nullsFirst };
    });
    const shape: RowLayout = { ...layout, columns };
    this.#extract = keyExtractor(shape, keys, own.kind);
    this.#extractWide = wideKeyExtractor(shape, keys, own.kind);
    this.#isWord = own.kind === 'i32';
  }

  #isNull(views: ByteViews, row: number, { nullBit }: PlacedColumn): boolean {
    return nullBit >= 0 && (views.i32[(row >> 2) + 4 + (nullBit >> 5)] & (1 << (nullBit & 31))) !== 0;
  }

  /**
   * The row at `row` of `views` refers to something: ROW_DONE, and that is locked; ROW_GONE: to nothing that is there; ROW_WAIT,
   * ROW_RERUN: the statement stops.
   */
  check(c: State, views: ByteViews, row: number): number {
    if (this.#isWord) {
      const column = this.#columns[0];
      if (this.#isNull(views, row, column)) return ROW_DONE;
      if (this.#isKnownWord(c, views.i32[(row + column.at) >> 2])) return ROW_DONE;
    }
    return this.#look(c, views, row);
  }

  /** Whether a value has been found before, by this transaction, and is locked. */
  #isKnownWord({ tx }: State, word: number): boolean {
    if (this.#epoch !== epoch.now || this.#number !== tx.number || this.#begun !== tx.slot) {
      this.#known.clear();
      this.#epoch = epoch.now;
      this.#number = tx.number;
      this.#begun = tx.slot;
    }
    return this.#known.has(word);
  }

  #look(c: State, views: ByteViews, row: number): number {
    let nulls = 0;
    for (let at = 0; at < this.#columns.length; at++) if (this.#isNull(views, row, this.#columns[at])) nulls++;
    if (nulls > 0) {
      if (this.key.match === 'simple' || nulls === this.#columns.length) return ROW_DONE;
      return ROW_GONE;
    }
    const scratch = this.#scratch;
    let status = this.#extract(views.i32, views.u16, views.u8, views.f64, row, scratch);
    if (status === KEY_OVERFLOW) status = this.#extractWide(views, row, scratch, c.tx.context.readOverflow);
    if (status !== KEY_OK) return ROW_GONE;
    const found = this.#find(c);
    if (this.#isWord && found === ROW_DONE && c.tx.number === this.#number)
      this.#known.add(views.i32[(row + this.#columns[0].at) >> 2]);
    return found;
  }

  #find(c: State): number {
    const { tx } = c;
    const parent = this.#parent;
    for (;;) {
      const found = checkUnique(tx, parent, this.#position, this.#scratch, 0, 0);
      if (found === ROW_DONE) return ROW_GONE;
      if (found !== ROW_DUPLICATE) return found;
      const page = tx.ints[ROW_PAGE];
      const slot = tx.ints[ROW_SLOT];
      const locked = acquireRowLock(c.kernel.locks, tx, parent, page, slot, LOCK_KEY_SHARE, LOCK_WAITS);
      if (locked !== ROW_GONE) return locked;
      // It is a row of this statement's, which nobody else can change; or it has gone meanwhile.
      const { image } = tx.context;
      if (!copyNewest(tx.context, page, slot, image, 0)) continue;
      if ((image.i32[3] & ROW_DELETED) === 0 && isOwn(tx, image, 0)) return ROW_DONE;
    }
  }
}

/** A column of this table, so that keys are made of it as they are of the parent's. */
function likeTheirs(own: PlacedColumn, theirs: PlacedColumn): PlacedColumn {
  // Integers of all widths: what is read is this column's, how it is written theirs.
  if (!theirs.nullable) return { ...own, nullable: false, nullBit: -1 };
  return own.nullable ? own : { ...own, nullable: true };
}

/** Whether keys of the one are made as those of the other. */
export const isAlike = (own: PlacedColumn, theirs: PlacedColumn): boolean =>
  own.kind === theirs.kind &&
  own.scale === theirs.scale &&
  (!theirs.nullable || own.nullable) &&
  own.blankPadded === theirs.blankPadded;

/** Foreign keys of one table whose rows a statement changes, and what refers to it. */
export interface References {
  /** In the order of the catalog; null: its keys are compared by statements only. */
  readonly outgoing: readonly { readonly key: CatalogForeignKey; readonly fast: OutgoingKey | null }[];
  /** Those of other tables that refer to this one. */
  readonly incoming: readonly { readonly table: number; readonly key: CatalogForeignKey }[];
}

/** What a table refers to, and what refers to it; null: nothing. `parentOf` gives a table for compiling. */
export function referencesOf(
  catalog: CatalogTable,
  table: TableRuntime,
  catalogOf: (id: number) => CatalogTable,
  parentOf: (id: number) => Parent,
  changed: readonly number[] | null,
): References | null {
  const touches = (attributes: readonly number[]): boolean =>
    changed === null || attributes.some((attribute) => changed.includes(attribute));
  const outgoing = (catalog.foreignKeys ?? [])
    .filter(({ attributes }) => touches(attributes))
    .map((key) => {
      const parent = parentOf(key.table);
      const index = parent.catalog.indexes.find(({ id }) => id === key.index);
      const alike = key.attributes.every((attribute, at) =>
        isAlike(placedOf(catalog, table.layout, attribute), placedOf(parent.catalog, parent.runtime.layout, key.referenced[at])),
      );
      // Rows of a partitioned table lie in its partitions: a statement looks for them.
      const isWhole = parent.catalog.partitioning === undefined;
      const isFast = isWhole && alike && index !== undefined && index.method === 'btree';
      return { key, fast: isFast ? new OutgoingKey(key, catalog, table, parent) : null };
    });
  const incoming = [catalog, ...ancestorsOf(catalog, catalogOf)].flatMap((whole) =>
    (whole.referrers ?? []).flatMap(({ table: other, constraint }) => {
      const named = (other === catalog.id ? catalog : catalogOf(other)).foreignKeys?.find(({ name }) => name === constraint);
      const key =
        named === undefined || whole === catalog
          ? named
          : { ...named, referenced: attributesAs(catalog, whole, named.referenced) };
      return key === undefined || !touches(key.referenced) ? [] : [{ table: other, key }];
    }),
  );
  return outgoing.length + incoming.length === 0 ? null : { outgoing, incoming };
}

/** The partitioned tables that a partition is a part of. */
function ancestorsOf(catalog: CatalogTable, catalogOf: (id: number) => CatalogTable): CatalogTable[] {
  if (catalog.bound === undefined) return [];
  const parent = catalogOf((catalog.parents as readonly number[])[0]);
  return [parent, ...ancestorsOf(parent, catalogOf)];
}

/** Attributes of a table under which another one has columns of the same names. */
const attributesAs = (table: CatalogTable, from: CatalogTable, attributes: readonly number[]): number[] =>
  attributes.map((attribute) => {
    const name = from.columns.find(({ number }) => number === attribute)?.name;
    return table.columns.find((column) => column.hidden === null && column.name === name)?.number ?? 0;
  });

/** Gives the values of a row, where they are asked for. */
export interface RowReader {
  valuesAt(c: State, views: ByteViews, row: number): readonly (RowValue | undefined)[];
}

/** What refers to rows that a statement has changed or put in: RUN_WAIT or RUN_RERUN, else 0. Keys without a partner are noted. */
export function checkOutgoing(
  c: State,
  { outgoing }: References,
  catalog: CatalogTable,
  views: ByteViews,
  row: number,
  reader: RowReader,
): number {
  for (let at = 0; at < outgoing.length; at++) {
    const { key, fast } = outgoing[at];
    const status = fast === null ? ROW_GONE : fast.check(c, views, row);
    if (status === ROW_DONE) continue;
    if (status === ROW_WAIT) return RUN_WAIT;
    if (status === ROW_RERUN) return RUN_RERUN;
    const values = valuesOf(catalog, key.attributes, reader.valuesAt(c, views, row));
    if (values.every((value) => value === null) || (key.match === 'simple' && values.some((value) => value === null))) continue;
    note(c, { kind: 'refers', table: catalog.id, constraint: key.name, values, next: null });
  }
  return 0;
}

const valuesOf = (catalog: CatalogTable, attributes: readonly number[], row: readonly (RowValue | undefined)[]): RowValue[] =>
  attributes.map((attribute) => {
    const column = catalog.columns.find(({ number }) => number === attribute);
    return (column === undefined ? null : row[column.kernelColumn]) ?? null;
  });

function note(c: State, event: ReferenceEvent): void {
  const { run } = c;
  run.references ??= [];
  run.references.push(event);
}

const sameValue = (a: RowValue, b: RowValue): boolean => {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  if (typeof a === 'object' || typeof b === 'object') return JSON.stringify(a) === JSON.stringify(b);
  return a === b || (Number.isNaN(a) && Number.isNaN(b));
};

/** A row that others refer to has gone (`after` null) or changed: what they refer to, where it is no more. */
export function noteIncoming(
  c: State,
  { incoming }: References,
  catalog: CatalogTable,
  before: readonly (RowValue | undefined)[],
  after: readonly (RowValue | undefined)[] | null,
): void {
  epoch.now++;
  for (const { table, key } of incoming) {
    const values = valuesOf(catalog, key.referenced, before);
    if (values.some((value) => value === null)) continue;
    const next = after === null ? null : valuesOf(catalog, key.referenced, after);
    if (next?.every((value, at) => sameValue(value, values[at])) === true) continue;
    note(c, { kind: next === null ? 'deleted' : 'changed', table, constraint: key.name, values, next });
  }
}
