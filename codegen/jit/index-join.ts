/**
 * Joins by an index of the other side: for each row its matches are looked up. The row that is found lies in a state of the join's own
 * (`out`, `rowIds`), where nothing else is read meanwhile: its columns are read there when they are asked for.
 */

import type { CatalogTable } from '../../engine/catalog/objects.ts';
import type { IndexJoin } from '../../engine/plan/physical.ts';
import { type ColumnId, TABLE_OID } from '../../engine/sblr/bound.ts';
import { sqlType } from '../../engine/sblr/types.ts';
import type { Builder } from './builder.ts';
import type { ColumnReader, Emitter } from './emitter.ts';
import { emitValue } from './expressions.ts';
import { HeldPart } from './held-part.ts';
import { type IndexAccess, indexAccess, IndexReader, type RangeShape } from './index-source.ts';
import type { Candidates } from './join-code.ts';
import { imageColumn } from './leaves.ts';
import { State } from './state.ts';
import { boxedCode, makeValue, type Value } from './value.ts';

/** The state that rows are looked up in. */
class LookupPart extends HeldPart {
  readonly #around: State;
  #state: State | null = null;

  constructor(around: State) {
    super();
    this.#around = around;
  }

  /** In the transaction of the state around it. */
  get state(): State {
    this.#state ??= new State(this.#around.kernel, false, this.#around);
    this.#state.open();
    this.#state.tx = this.#around.tx;
    return this.#state;
  }

  close(): void {
    this.#state?.shut();
  }
}

const newLookup = (around: State): LookupPart => new LookupPart(around);
const readerOf = (access: IndexAccess) => (): IndexReader => new IndexReader(access);

/** What belongs to a join, however often its code is written. */
interface Lookup {
  readonly catalog: CatalogTable;
  readonly access: IndexAccess;
  readonly part: number;
  readonly reader: number;
}

function lookupOf(builder: Builder, join: IndexJoin): Lookup {
  return builder.own(join, () => {
    const catalog = builder.catalog(join.inner.table);
    const table = builder.environment.runtime(catalog);
    builder.tables.add(table.id);
    const index = catalog.indexes.find(({ id }) => id === join.index);
    const access = indexAccess(catalog, table, index as CatalogTable['indexes'][number]);
    return { catalog, access, part: builder.part(newLookup), reader: builder.part(readerOf(access)) };
  });
}

/** Writes what finds the first row. */
export function indexCandidates(emitter: Emitter, builder: Builder, join: IndexJoin): Candidates {
  emitter.needCalls();
  const lookup = lookupOf(builder, join);
  const state = emitter.hoist(`I${lookup.part}`, `c.parts[${lookup.part}].state`);
  const match = emitter.name('m');
  const next = emitFirst(emitter, join, lookup, state, match);
  return {
    match,
    next,
    test: '',
    isUnique: join.point,
    filter: join.inner.filter,
    readers: (isFound, isTried = false) => innerReaders(emitter, builder, join, lookup, state, isFound ? '' : match, isTried),
    note: '',
    openKeys: null,
  };
}

/** Writes the lookup; expression of the next match. */
function emitFirst(emitter: Emitter, join: IndexJoin, { access, reader }: Lookup, state: string, match: string): string {
  const { use } = emitter.unit;
  const isWord = join.point && !access.hashed && access.kind === 'i32' && access.keys[0].descending !== true;
  if (isWord) {
    const { code, nil } = emitValue(emitter, join.key[0]);
    const table = emitter.unit.constant(access.table, 'the table');
    const find = `${use('findWord')}(${state},${table},${access.position},${code})!==0?1:0`;
    emitter.emit(`let ${match}=${nil === 'true' ? '0' : nil === 'false' ? find : `!(${nil})&&${find}`};`);
    return '0';
  }
  const name = emitter.hoist(`R${reader}`, `c.parts[${reader}]`);
  const keys = join.key.map((key) => emitter.hold(boxedCode(emitValue(emitter, key), use)));
  const put = keys.map((code, at) => `${name}.values[${at}]=${code};`).join('');
  const isThere = keys.map((code) => `${code}!==null`).join('&&');
  const shape: RangeShape = { equal: keys.length, low: 'none', high: 'none', backward: false };
  const begin = join.point
    ? `${name}.find(${state})`
    : `${name}.begin(${state},${emitter.unit.constant(shape, 'a range of equal keys')})&&${name}.next(${state})`;
  emitter.emit(`let ${match}=0;if(${isThere}){${put}if(${begin})${match}=1;}`);
  return join.point ? '0' : `(${name}.next(${state})?1:0)`;
}

/** `match`: where the row may be missing, the local that says so. */
function innerReaders(
  emitter: Emitter,
  builder: Builder,
  { inner }: IndexJoin,
  { catalog, access, part }: Lookup,
  state: string,
  match: string,
  isTried: boolean,
): ReadonlyMap<ColumnId, ColumnReader> {
  const readers = new Map<ColumnId, ColumnReader>();
  // A function beside this one finds it anew.
  const found = (reader: Emitter): string => reader.hoist(state, `c.parts[${part}].state`);
  for (const { column, attribute, type } of inner.columns) {
    if (attribute === TABLE_OID) {
      readers.set(column, (reader) => emitValue(reader, { op: 'constant', value: catalog.id, type }));
      continue;
    }
    const placed = catalog.columns.find(({ number }) => number === attribute) as CatalogTable['columns'][number];
    const at = access.table.layout.columns[placed.kernelColumn];
    const image = imageColumn(at, type, 1);
    const isCostly = !isTried && (builder.uses.get(column) ?? 0) > 1;
    let cache = '';
    readers.set(column, (reader) => {
      const value = missing(inState(reader, image(reader), found(reader)), match);
      if (!isCostly || value.rep !== 'v') return value;
      if (cache === '') throw new Error('a column is read before its cache is declared');
      return { ...value, code: `(${cache}===undefined?${cache}=${value.code}:${cache})` };
    });
    if (isCostly && image(emitter).rep === 'v') {
      cache = emitter.name('e');
      emitter.emit(`let ${cache};`);
      emitter.shared.add(cache);
    }
  }
  if (inner.rowId >= 0) {
    readers.set(inner.rowId, (reader) =>
      missing(makeValue('d', sqlType('int8', false), `${found(reader)}.rowIds[0]`, 'false', 0, 15), match),
    );
  }
  return readers;
}

const VIEWS = /\b(i32|u32|u16|u8|f64|bytes|overflow|row)\b/g;
const VIEW_CODE: Readonly<Record<string, string>> = {
  bytes: 'out.bytesView',
  overflow: 'overflow',
};

/** The value of an image that lies at 0 of the state's `out`. */
function inState(emitter: Emitter, value: Value, state: string): Value {
  const rename = (code: string): string =>
    code.replaceAll(VIEWS, (name: string) =>
      name === 'row' ? '0' : emitter.hoist(`${state}_${name}`, `${state}.${VIEW_CODE[name] ?? `out.${name}`}`),
    );
  return { ...value, code: rename(value.code), nil: rename(value.nil) };
}

function missing(value: Value, match: string): Value {
  if (match === '') return value;
  const nil = value.nil === 'false' ? `${match}===0` : `(${match}===0||${value.nil})`;
  return { ...value, code: `(${match}===0?${value.rep === 'v' ? 'null' : '0'}:${value.code})`, nil };
}
