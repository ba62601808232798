/**
 * Tables as their creator describes them, as sys.tables keeps them, and as the engine runs on them.
 *
 *   TableDefinition  --allocate ids and pages-->  StoredTable (JSON in sys.tables)  --generate-->  TableRuntime
 */

import { indexRuntime } from '../../codegen/rows/index-runtime.ts';
import { tokenLister } from '../../codegen/rows/gin-tokens.ts';
import { indexKind, type KeyColumn, sameKeyTest } from '../../codegen/rows/key-extractor.ts';
import { rowUpgrade } from '../../codegen/rows/upgrade.ts';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { type Column, layoutRow, type RowLayout } from '../storage/rows/row-layout.ts';
import { hashKey } from '../storage/hash/hash-key.ts';
import {
  createKeyScratch,
  type IndexKind,
  type IndexMethod,
  type IndexRuntime,
  KEY_OK,
  KEY_TOO_LONG,
  type KeyScratch,
  type KeyStatus,
  type TableRuntime,
  type TokenClass,
} from '../storage/rows/runtime.ts';

export interface IndexColumn {
  /** Name of a column, or its place. */
  readonly column: string | number;
  readonly descending?: boolean;
  readonly nullsFirst?: boolean;
  /** 'gin': what entries are made of. */
  readonly tokens?: TokenClass;
}

export interface IndexDefinition {
  readonly name: string;
  readonly columns: readonly (string | IndexColumn)[];
  readonly unique?: boolean;
  /** When it is built of rows that are there, two with one key are refused. Left out: as `unique`. */
  readonly isChecked?: boolean;
  /** Two NULL keys are no duplicates. True. */
  readonly nullsDistinct?: boolean;
  /** 'btree'. A hash index answers equality only; a gin index has entries for what a value consists of. */
  readonly method?: IndexMethod;
}

export interface TableDefinition {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly indexes?: readonly IndexDefinition[];
  /** False: no log, faster; empty after a crash. */
  readonly logged?: boolean;
  /** True: in temporary pages, for this boot only. */
  readonly temporary?: boolean;
}

/** An index with its place. */
export interface StoredIndex {
  readonly id: number;
  readonly name: string;
  readonly root: number;
  readonly kind: IndexKind;
  readonly method: IndexMethod;
  readonly unique: boolean;
  readonly nullsDistinct: boolean;
  readonly keys: readonly KeyColumn[];
  /** It was built with entries for keys that rows had before: its rows are always looked at (SM-P2). Left out: it was not. */
  readonly inexact?: boolean;
}

/** A table with its place. Each entry of `layouts` is the column list of that layout number, or null. */
export interface StoredTable {
  readonly id: number;
  readonly name: string;
  readonly mapRoot: number;
  readonly logged: boolean;
  readonly temporary: boolean;
  readonly layouts: readonly (readonly Column[] | null)[];
  readonly indexes: readonly StoredIndex[];
  /** Pages and trees besides: a sequence has one, what DROP INDEX took out has one; then there is no heap map (0). */
  readonly roots?: readonly number[];
  /** Dropped, and temporary: number of the transaction that dropped it. */
  readonly droppedBy?: number;
}

/** Table ids below this are the system's (SM-F3). */
export const FIRST_USER_TABLE = 100;

/** The key columns of an index definition over these columns. 42703 for an unknown column, 42P16 for none. */
export function keyColumns(columns: readonly Column[], definition: IndexDefinition): KeyColumn[] {
  if (definition.columns.length === 0) {
    throw new SqlError(SQLSTATE.invalid_parameter_value, `index "${definition.name}" has no column`, {
      hint: 'name at least one',
    });
  }
  return definition.columns.map((entry) => {
    const wanted = typeof entry === 'string' ? { column: entry } : entry;
    const column =
      typeof wanted.column === 'number' ? wanted.column : columns.findIndex((candidate) => candidate.name === wanted.column);
    if (column < 0 || column >= columns.length) {
      throw new SqlError(
        SQLSTATE.undefined_column,
        `index "${definition.name}" names column "${wanted.column}", which the table has not`,
      );
    }
    return {
      column,
      ...(wanted.descending === undefined ? {} : { descending: wanted.descending }),
      ...(wanted.nullsFirst === undefined ? {} : { nullsFirst: wanted.nullsFirst }),
      ...(wanted.tokens === undefined ? {} : { tokens: wanted.tokens }),
    };
  });
}

/** The kind of index that a definition asks for. */
export const kindOfIndex = (columns: readonly Column[], keys: readonly KeyColumn[]): IndexKind =>
  indexKind(layoutRow(columns), keys);

/** Layouts of a stored table, by number. */
export const layoutsOf = (stored: StoredTable): (RowLayout | undefined)[] =>
  stored.layouts.map((columns, number) => (columns === null ? undefined : layoutRow(columns, number)));

/** Generates what this thread needs to work on the table. */
export function tableRuntime(stored: StoredTable): TableRuntime {
  const layouts = layoutsOf(stored);
  const layout = layouts[layouts.length - 1] as RowLayout;
  return {
    id: stored.id,
    mapRoot: stored.mapRoot,
    layouts,
    layout,
    upgrade: rowUpgrade(layouts, layout),
    logged: stored.logged,
    temporary: stored.temporary,
    indexes: stored.indexes.map((index) => runtimeOf(layout, index)),
  };
}

function runtimeOf(layout: RowLayout, index: StoredIndex): IndexRuntime {
  if (index.method === 'gin') return inverted(layout, index);
  const own = { ...indexRuntime(layout, index), inexact: index.inexact === true };
  return index.method === 'hash' ? hashed(own) : own;
}

/** A gin index is a tree over tokens (gin-tokens.ts), several of a row. */
function inverted(layout: RowLayout, { id, root, keys }: StoredIndex): IndexRuntime {
  const columns = keys.map(({ column, tokens = 'jsonb_ops' }) => ({ column, tokens }));
  return {
    ...{ id, root, kind: 'i64', unique: false, nullsDistinct: true, word: -1 },
    extract: () => KEY_TOO_LONG,
    extractWide: () => KEY_TOO_LONG,
    sameKey: sameKeyTest(layout, keys),
    list: tokenLister(layout, columns),
  };
}

/**
 * A hash index is a tree over hashes (hash-index.ts): for transactions an index like others, whose key is the hash. Who looks a
 * key up compares the row's own key besides.
 */
function hashed(index: IndexRuntime): IndexRuntime {
  const plain = createKeyScratch();
  const finish = (status: KeyStatus, key: KeyScratch): KeyStatus => {
    if (status !== KEY_OK) return status;
    hashKey(index.kind, plain, key);
    key.nulls = plain.nulls;
    return KEY_OK;
  };
  return {
    ...index,
    kind: 'i64',
    unique: false,
    word: -1,
    extract: (i32, u16, u8, f64, row, key) => finish(index.extract(i32, u16, u8, f64, row, plain), key),
    extractWide: (views, row, key, read) => finish(index.extractWide(views, row, plain, read), key),
  };
}
