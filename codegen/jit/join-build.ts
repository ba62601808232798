/** The side of a join that is collected: the sink that fills its store, and what is known of it where it is looked up. */

import type { HashProbe, LoopJoin, MergeJoin } from '../../engine/plan/physical.ts';
import type { ColumnId } from '../../engine/sblr/bound.ts';
import type { Builder } from './builder.ts';
import type { ColumnReader, Emitter } from './emitter.ts';
import { canonicalKey, emitHash, emitKeys, type KeyMode, keyMode } from './join-keys.ts';
import { type JoinShape, JoinStore } from './join-store.ts';
import { StoreCode } from './store-code.ts';
import { slotAs, slotValue, type Value } from './value.ts';

type CollectedJoin = HashProbe | LoopJoin | MergeJoin;

/** Rows with a NULL key are of no use to these. */
const LEAVES_NULLS = new Set(['inner', 'left', 'semi', 'anti', 'single']);

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
  readonly #parked: { readonly column: ColumnId; readonly value: Value }[] = [];

  constructor(builder: Builder, node: CollectedJoin) {
    this.node = node;
    this.keys = 'keys' in node ? node.keys : [];
    this.mode = this.keys.length === 0 ? 'none' : keyMode(this.keys);
    const marks = node.kind === 'right' || node.kind === 'full';
    // NULLs of all parts count for each row that is marked.
    const shape: JoinShape = { mode: this.mode, key: 0, marks, spills: this.mode !== 'none' && node.kind !== 'mark' };
    this.#shape = shape;
    const { kernel } = builder.environment;
    this.store = new StoreCode(builder, (columns) => new JoinStore(columns, shape, kernel));
    this.store.keepsTexts = true;
  }

  get spills(): boolean {
    return this.#shape.spills;
  }

  /** Instead of being looked up, the row is put beside the rows of its part of the file. */
  park(emitter: Emitter): void {
    emitter.needCalls();
    const { keys, mode } = this;
    const row = emitKeys(emitter, keys, 'left');
    let hash = '0';
    if (row.nil !== 'true') {
      if (mode === 'words') hash = emitHash(emitter, keys, row);
      else if (mode === 'map') hash = `${emitter.unit.use('hashOfKey')}(${canonicalKey(emitter, row)})`;
      else hash = `${emitter.unit.use('hashInt')}(${row.values[0].code})`;
      if (row.nil !== 'false') hash = `${row.nil}?0:${hash}`;
    }
    const values = [...this.left].flatMap((column) => {
      const reader = emitter.columns.get(column);
      return reader === undefined ? [] : [{ column, value: reader(emitter) }];
    });
    // One form for all heads; a row that lacks a column says nothing of it.
    values.forEach(({ column, value }, at) => {
      if (this.#parked[at] === undefined || this.#parked[at].value.nil === 'true') {
        this.#parked[at] = { column, value: value.nil === 'true' ? value : { ...value, nil: 'maybe' } };
      }
    });
    const slots = values.map(({ value }, at) => slotAs(this.#parked[at].value, value, emitter.unit.use));
    emitter.emit(`${this.store.name(emitter)}.park([1,${hash},${slots.join(',')}]);`);
  }

  /** Readers of a row that was parked: local `w`. */
  parkedReaders(): Map<ColumnId, ColumnReader> {
    return new Map(this.#parked.map(({ column, value }, at) => [column, () => slotValue(value, `w[${at + 2}]`)]));
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
      return row.nil === 'false' || leaves ? keep : `${keep}if(${row.nil})${store}.unlink(${number});`;
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
