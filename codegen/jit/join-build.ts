/** The side of a join that is collected: the sink that fills its store, and what is known of it where it is looked up. */

import type { HashProbe, LoopJoin, MergeJoin, PhysicalNode } from '../../engine/plan/physical.ts';
import type { ColumnId } from '../../engine/sblr/bound.ts';
import { sqlType } from '../../engine/sblr/types.ts';
import type { KernelAccess } from '../../engine/plan/program.ts';
import type { Builder } from './builder.ts';
import type { ColumnReader, Emitter } from './emitter.ts';
import { comparatorOf } from './helpers.ts';
import { canonicalKey, emitHash, emitKeys, type KeyMode, keyMode } from './join-keys.ts';
import { type JoinShape, JoinStore } from './join-store.ts';
import { eachNode } from './needed.ts';
import { OrderedStore, type StoreOrder } from './ordered-store.ts';
import { ParkedRows } from './parked-rows.ts';
import type { StoreColumn } from './row-store.ts';
import type { State } from './state.ts';
import { keptValue, StoreCode } from './store-code.ts';
import { makeValue, type Value } from './value.ts';

type CollectedJoin = HashProbe | LoopJoin | MergeJoin;

/** Rows with a NULL key are of no use to these. */
const LEAVES_NULLS = new Set(['inner', 'left', 'semi', 'anti', 'single']);

const INT4 = sqlType('int4', false);

/** Made apart, so that the program does not keep the builder. */
const parkedIn = (join: number) => (columns: readonly StoreColumn[], state: State) =>
  new ParkedRows(columns, state.parts[join] as JoinStore);

const storeOf = (shape: JoinShape, order: StoreOrder | null, kernel: KernelAccess) => (columns: readonly StoreColumn[]) =>
  order === null ? new JoinStore(columns, shape, kernel) : new OrderedStore(columns, shape, order, kernel);

/** Some of its rows may lack columns that others have. */
function lacksColumns(root: PhysicalNode): boolean {
  let found = false;
  eachNode(root, (node) => {
    found ||= 'kind' in node && (node.kind === 'right' || node.kind === 'full');
  });
  return found;
}

export class JoinBuild {
  readonly node: CollectedJoin;
  readonly keys: HashProbe['keys'];
  readonly mode: KeyMode | 'none';
  readonly store: StoreCode;
  /** Columns of the store that hold the keys. */
  readonly keyPlaces: number[] = [];
  readonly #shape: JoinShape;
  /** Columns of the other side that are read by the join or behind it. */
  left: ReadonlySet<ColumnId> = new Set();
  #parked: StoreCode | null = null;

  constructor(builder: Builder, node: CollectedJoin) {
    this.node = node;
    this.keys = 'keys' in node ? node.keys : [];
    const isOrdered = node.node === 'MergeJoin';
    this.mode = this.keys.length === 0 || isOrdered ? 'none' : keyMode(this.keys);
    const marks = node.kind === 'right' || node.kind === 'full';
    // NULLs of all parts count for each row that is marked.
    const shape: JoinShape = { mode: this.mode, key: 0, marks, isWhole: this.mode === 'none' || node.kind === 'mark' };
    this.#shape = shape;
    const { kernel } = builder.environment;
    const order = isOrdered
      ? { places: this.keyPlaces, compare: node.keys.map(({ right }) => comparatorOf(right.type.name)) }
      : null;
    this.store = new StoreCode(builder, storeOf(shape, order, kernel));
    this.store.keepsTexts = true;
  }

  /** Statement that notes that row `match` has found one. */
  note(emitter: Emitter, match: string): string {
    if (this.node.kind !== 'right' && this.node.kind !== 'full') return '';
    const store = this.store.name(emitter);
    return `${emitter.hoist(`${store}_matched`, `${store}.matched`)}[${match}]=1;`;
  }

  /** Where rows wait that are to be looked up, once the rows of this side are in a file. */
  get parked(): StoreCode {
    this.#parked ??= new StoreCode(this.store.builder, parkedIn(this.store.part));
    return this.#parked;
  }

  /** Instead of being looked up, the row is put beside the rows of its part of the file. */
  park(emitter: Emitter): void {
    const { keys, mode } = this;
    if (mode === 'map') emitter.needCalls();
    const row = emitKeys(emitter, keys, 'left');
    let hash = '0';
    // Of a loop, and where every row looks at all NULLs, all are of one part.
    if (row.nil !== 'true' && !this.#shape.isWhole) {
      if (mode === 'words') hash = emitHash(emitter, keys, row);
      else if (mode === 'map') hash = `${emitter.unit.use('hashOfKey')}(${canonicalKey(emitter, row)})`;
      else hash = `${emitter.unit.use('hashInt')}(${row.values[0].code})`;
      if (row.nil !== 'false') hash = `${row.nil}?0:${hash}`;
    }
    const entries = [{ column: -1, value: makeValue('i', INT4, emitter.hold(hash), 'false', 0, 9) }];
    for (const column of this.left) {
      const reader = emitter.columns.get(column);
      if (reader !== undefined) entries.push({ column, value: keptValue(reader(emitter)) });
    }
    this.parked.emitWrite(emitter, entries, lacksColumns(this.node.input));
  }

  /** Keeps the row that `emitter` stands at: the columns that are needed, and its keys. */
  emit(emitter: Emitter, needed: ReadonlySet<ColumnId>, lacks: boolean): void {
    const { keys, mode } = this;
    if (mode === 'map') emitter.needCalls();
    const row = emitKeys(emitter, keys, 'right');
    const leaves = row.nil !== 'false' && LEAVES_NULLS.has(this.node.kind);
    if (row.nil !== 'false' && !leaves) emitter.needCalls();
    if (leaves) emitter.emit(`if(${row.nil})break ${emitter.row};`);
    const hash = mode === 'words' ? emitHash(emitter, keys, row) : mode === 'map' ? emitter.hold(canonicalKey(emitter, row)) : '';
    const entries: { column: ColumnId; value: Value }[] = [];
    for (const column of needed) {
      const reader = emitter.columns.get(column);
      if (reader !== undefined) entries.push({ column, value: reader(emitter) });
    }
    this.#addKeys(entries, row.values, leaves);
    // What a page cannot give is found out before the columns are.
    if (!emitter.wide && entries.some(({ value }) => value.code === '' && value.nil !== 'true')) emitter.needCalls();
    const store = this.store.name(emitter);
    this.store.emitWrite(emitter, entries, lacks, (number) => {
      const keep =
        mode === 'words' ? `${store}.hashes[${number}]=${hash};` : mode === 'map' ? `${store}.keepKey(${number},${hash});` : '';
      return row.nil === 'false' || leaves || mode === 'none' ? keep : `${keep}if(${row.nil})${store}.unlink(${number});`;
    });
  }

  /** A key that is a column which is kept anyway lies there. */
  #addKeys(entries: { column: ColumnId; value: Value }[], values: readonly Value[], leaves: boolean): void {
    if (this.mode === 'map' && this.node.kind !== 'mark') return;
    const isKnown = this.keyPlaces.length > 0;
    values.forEach((value, at) => {
      const { right } = this.keys[at];
      const place = right.op === 'column' ? entries.findIndex(({ column }) => column === right.column) : -1;
      const isSame = place >= 0 && entries[place].value.rep === value.rep && entries[place].value.scale === value.scale;
      if (!isKnown) this.keyPlaces.push(isSame ? place : entries.length);
      if (this.keyPlaces[at] === place) return;
      entries.push({ column: -1, value: leaves ? { ...value, nil: 'false' } : value });
    });
    if (!isKnown) this.#shape.key = this.keyPlaces[0];
  }

  readers(row: string, isFound: boolean): Map<ColumnId, ColumnReader> {
    return this.store.readers(row, isFound);
  }
}

/** Of a join: made by whoever asks first. */
export const buildOf = (builder: Builder, node: CollectedJoin): JoinBuild =>
  builder.own(node, () => new JoinBuild(builder, node));
