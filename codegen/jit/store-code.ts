/**
 * Code that writes rows into a RowStore and reads them from there. What the columns are is said by the first code that writes them;
 * code of further heads (stages.ts) brings its values into the same form.
 */

import type { ColumnId } from '../../engine/sblr/bound.ts';
import type { Builder } from './builder.ts';
import { type ColumnReader, type Emitter, NotInPage } from './emitter.ts';
import { isTextType } from './leaves.ts';
import type { State } from './state.ts';
import type { RowStore, StoreColumn, StoreKind } from './row-store.ts';
import { boxedCode, EXACT_DIGITS, isFloatType, isLongType, makeValue, notNullCode, type Value } from './value.ts';

/** A column of a store: what its values are like once they are read (code and nil aside). */
export interface StoredColumn {
  readonly like: Value;
  readonly kind: StoreKind;
  readonly nullable: boolean;
  /** Of text: its bytes are read, too; set by whoever writes code that does. */
  bytes: boolean;
}

/** How values of a type are kept, seen one of them. `sent`: other threads get them, so texts are bytes. */
function storedAs(value: Value, nullable: boolean, sent: boolean): StoredColumn {
  return { ...formOf(value, sent), nullable, bytes: false };
}

function formOf(value: Value, sent: boolean): { like: Value; kind: StoreKind } {
  const { type, rep } = value;
  const like = (as: Value['rep']): Value => ({ ...value, rep: as, length: '', memory: '' });
  switch (type.name) {
    case 'bool':
    case 'int2':
    case 'int4':
    case 'date':
      return { like: makeValue('i', type, '', '', 0, type.digits), kind: 'i' };
    case 'numeric':
      // Of more digits the other rendering may have texts.
      return rep === 'd' && value.digits > 0 && value.digits <= EXACT_DIGITS
        ? { like: like('d'), kind: 'd' }
        : { like: makeValue('v', type, '', ''), kind: 'v' };
    default:
      if (isFloatType(type)) return { like: makeValue('d', type, '', ''), kind: 'd' };
      if (rep === 'b' || (sent && (isTextType(type) || type.name === 'char')))
        return { like: makeValue('v', type, '', ''), kind: 't' };
      if (!isLongType(type)) return { like: makeValue('v', type, '', ''), kind: 'v' };
      // Small ones are known to be no bigints.
      return rep === 'd' && value.digits > 0 && value.digits <= EXACT_DIGITS
        ? { like: like('d'), kind: 'd' }
        : { like: makeValue('v', type, '', ''), kind: 'l' };
  }
}

/** The value, which is not NULL, as a column of a store has it. */
function storedCode({ kind, like }: StoredColumn, value: Value, use: (helper: string) => string): string {
  const { type, rep, code } = value;
  if (kind === 'v') return notNullCode(value, use);
  if (kind === 'i') {
    if (rep === 'i') return code;
    return type.name === 'date' ? `${use('dateWord')}(${code})` : type.name === 'bool' ? `(${code}===true?1:0)` : code;
  }
  if (type.name !== 'numeric' || (rep === 'd' && value.scale === like.scale)) return code;
  return `${use('scaledNumber')}(${notNullCode(value, use)},${like.scale})`;
}

/** Made apart, so that the program does not keep the builder. */
const storeAround = (part: number) => (state: State) => (state.around as State).parts[part];

/** A value that a store can keep: under a hold no others than these. */
export function keptValue(value: Value): Value {
  if (value.rep === 'b' && value.nil !== 'true' && !isTextType(value.type)) throw new NotInPage();
  return value;
}

export class StoreCode {
  readonly #builder: Builder;
  /** Number among a state's parts. */
  readonly part: number;
  /** Known once the first code is written; the store of a state is made of them. */
  readonly columns: StoredColumn[];
  readonly #places: Map<ColumnId, number>;
  readonly #make: (columns: readonly StoreColumn[], state: State) => RowStore;
  #isKnown = false;
  /** Texts are kept once they have been made of their bytes: rows are read again and again. */
  keepsTexts = false;

  /**
   * `make`: from the columns, which are complete when a state is made. `like`: they are those of another one. `find`: the store is
   * there already.
   */
  constructor(
    builder: Builder,
    make: (columns: readonly StoreColumn[], state: State) => RowStore,
    like: StoreCode | null = null,
    find: ((state: State) => unknown) | null = null,
  ) {
    this.#builder = builder;
    this.#make = make;
    this.columns = like?.columns ?? [];
    this.#places = like === null ? new Map() : like.#places;
    this.part = builder.part(find ?? storeOf(this.columns, make));
  }

  /** Code of a subplan that reads the same store, which is of the plan around it. */
  inside(builder: Builder): StoreCode {
    const found = builder.around === this.#builder ? this : this.inside(builder.around as Builder);
    return this.foundBy(builder, storeAround(found.part));
  }

  /** Code of another builder that reads the same store, where `find` finds it. */
  foundBy(builder: Builder, find: (state: State) => unknown): StoreCode {
    return new StoreCode(builder, this.#make, this, find);
  }

  /** Code that reads another store of the same columns; `make`: of another kind. */
  twin(make = this.#make): StoreCode {
    return new StoreCode(this.#builder, make, this);
  }

  get builder(): Builder {
    return this.#builder;
  }

  name(emitter: Emitter): string {
    return emitter.hoist(`S${this.part}`, `c.parts[${this.part}]`);
  }

  /** Place of a column among those of the store; -1: it is not there. */
  place(column: ColumnId): number {
    return this.#places.get(column) ?? -1;
  }

  /**
   * Writes: the row is kept. `entries`: the values of its columns (`column` -1: of no other use than the store's own), always the
   * same ones. `lacks`: other heads may lack columns. `before`: code that is run once the row has its number, `n`.
   */
  emitWrite(
    emitter: Emitter,
    entries: readonly { readonly column: ColumnId; readonly value: Value }[],
    lacks: boolean,
    before: (row: string) => string = () => '',
  ): void {
    if (!emitter.wide && !this.#mayBeInPage(entries, lacks)) throw new NotInPage();
    if (!this.#isKnown) {
      this.#isKnown = true;
      for (const { column, value } of entries) {
        if (column >= 0) this.#places.set(column, this.columns.length);
        this.columns.push(storedAs(value, lacks || value.nil !== 'false', this.#isSent));
      }
    }
    const store = this.name(emitter);
    if (!emitter.wide) {
      this.#writeInPage(emitter, store, entries, before);
      return;
    }
    const data = this.columns.map((_, at) => emitter.change(`${store}_${at}`, `${store}.data[${at}]`));
    const nulls = this.columns.map(({ kind, nullable }, at) =>
      nullable && kind !== 'v' ? emitter.change(`${store}_n${at}`, `${store}.nulls[${at}]`) : '',
    );
    const anew = [
      ...data.map((name, at) => `${name}=${store}.data[${at}];`),
      ...nulls.map((name, at) => (name === '' ? '' : `${name}=${store}.nulls[${at}];`)),
    ].join('');
    const row = emitter.name('n');
    emitter.emit(`let ${row}=${store}.count+1;if(${row}>=${store}.limit){${row}=${store}.more();${anew}}`);
    const stores = entries.map(({ value }, at) => this.#storeCode(emitter, at, value, data[at], nulls[at], row));
    emitter.emit(`${before(row)}${stores.join('')}${store}.count=${row};`);
  }

  /** Values in plain arrays need memory of their own. */
  #mayBeInPage(entries: readonly { readonly value: Value }[], lacks: boolean): boolean {
    if (this.#isKnown) return this.columns.every(({ kind }) => kind !== 'v');
    return entries.every(({ value }) => storedAs(value, lacks, this.#isSent).kind !== 'v');
  }

  /** Of a statement that is spread. */
  get #isSent(): boolean {
    return this.#builder.gatherProgram !== null;
  }

  /** There is room for the rows of a page (RowStore.reserveRows); a row that finds none leaves. */
  #writeInPage(
    emitter: Emitter,
    store: string,
    entries: readonly { readonly column: ColumnId; readonly value: Value }[],
    before: (row: string) => string,
  ): void {
    const count = emitter.accumulate(`${store}_c`, `${store}.count`);
    const row = emitter.hold(`${count}+1`);
    const checks = [`${row}>=${emitter.hoist(`${store}_z`, `${store}.capacity`)}`];
    const stores = entries.map(({ value }, at) => {
      const { kind, nullable } = this.columns[at];
      const data = emitter.hoist(`${store}_${at}`, `${store}.data[${at}]`);
      const marks = nullable && kind !== 'v' ? emitter.hoist(`${store}_n${at}`, `${store}.nulls[${at}]`) : '';
      if (kind !== 't') return this.#storeCode(emitter, at, value, data, marks, row);
      const chars = emitter.hoist(`${store}_t${at}`, `${store}.chars[${at}]`);
      const from = emitter.hold(`${data}[${row}-1]`);
      if (value.nil === 'true') return `${marks}[${row}]=1;${data}[${row}]=${from};`;
      const { memory, code, length } = value;
      checks.push(`${from}+${length}>${chars}.length`);
      const copy = `for(let e=0;e<${length};e++)${chars}[${from}+e]=${memory}[${code}+e];${data}[${row}]=${from}+${length};`;
      if (value.nil === 'false') return `${marks === '' ? '' : `${marks}[${row}]=0;`}${copy}`;
      return `if(${value.nil}){${marks}[${row}]=1;${data}[${row}]=${from};}else{${marks}[${row}]=0;${copy}}`;
    });
    emitter.emit(`if(${checks.join('||')})${emitter.exit}${before(row)}${stores.join('')}${count}=${row};`);
  }

  #storeCode(emitter: Emitter, at: number, value: Value, data: string, marks: string, row: string): string {
    const { use } = emitter.unit;
    const column = this.columns[at];
    const store = this.name(emitter);
    if (column.kind === 'v') {
      const code = boxedCode(value, use);
      const text =
        isTextType(value.type) && value.nil !== 'true' ? `${store}.extra+=${extraCode(value)};` : `${store}.extra+=16;`;
      return `${data}[${row}]=${code};${text}`;
    }
    if (column.kind === 't') {
      const mark = marks === '' ? '' : `${marks}[${row}]=${value.nil === 'false' ? '0' : `${value.nil}?1:0`};`;
      return `${store}.putChars(${at},${row},${boxedCode(value, use)});${mark}`;
    }
    // Of a type that is never NULL: a primitive's answer is looked at where one column says so, and need not be where another does.
    const nil = column.nullable ? value.nil : 'false';
    if (nil === 'true') return `${marks}[${row}]=1;${data}[${row}]=0;`;
    let code = storedCode(column, value, use);
    if (column.kind === 'l' && value.rep !== 'd')
      code = `typeof ${code}==='bigint'?${store}.keepBig(${at},${row},${code}):${code}`;
    if (nil === 'false') return `${marks === '' ? '' : `${marks}[${row}]=0;`}${data}[${row}]=${code};`;
    return `if(${nil}){${marks}[${row}]=1;${data}[${row}]=0;}else{${marks}[${row}]=0;${data}[${row}]=${code};}`;
  }

  /** What lies in the column at `at`, for comparisons; the row is no row 0. */
  stored(emitter: Emitter, at: number, row: string): { data: string; nil: string } {
    const { kind, nullable } = this.columns[at];
    const store = this.name(emitter);
    const data = `${emitter.hoist(`${store}_${at}`, `${store}.data[${at}]`)}[${row}]`;
    if (!nullable) return { data, nil: 'false' };
    if (kind === 'v') return { data, nil: `${data}===null` };
    return { data, nil: `${emitter.hoist(`${store}_n${at}`, `${store}.nulls[${at}]`)}[${row}]!==0` };
  }

  /** The column at `at` of row `row`, a local. `isFound` false: the row may be row 0. */
  read(emitter: Emitter, at: number, row: string, isFound: boolean): Value {
    const { kind, nullable, like } = this.columns[at];
    if (kind === 't') return this.#readChars(emitter, at, row, isFound);
    if (kind === 'v' && !emitter.wide) return this.#readBytes(emitter, at, row, isFound);
    const store = this.name(emitter);
    const data = emitter.hoist(`${store}_${at}`, `${store}.data[${at}]`);
    const code = `${data}[${row}]`;
    if (kind === 'v') return { ...like, code, nil: nullable ? `${code}===null` : isFound ? 'false' : `${row}===0` };
    let nil = isFound ? 'false' : `${row}===0`;
    if (nullable) nil = `${emitter.hoist(`${store}_n${at}`, `${store}.nulls[${at}]`)}[${row}]!==0`;
    if (kind !== 'l') return { ...like, code, nil };
    const number = emitter.hold(code);
    if (!emitter.wide) {
      emitter.emit(`if(${number}!==${number})${emitter.exit}`);
      return makeValue('d', like.type, number, nil);
    }
    return { ...like, code: emitter.hold(`${number}===${number}?${number}:${store}.big(${at},${row})`), nil };
  }

  #readChars(emitter: Emitter, at: number, row: string, isFound: boolean): Value {
    const { nullable, like } = this.columns[at];
    const store = this.name(emitter);
    let nil = isFound ? 'false' : `${row}===0`;
    if (nullable) nil = `${emitter.hoist(`${store}_n${at}`, `${store}.nulls[${at}]`)}[${row}]!==0`;
    if (!emitter.wide) {
      const { from, length, memory } = this.bytesOf(emitter, at, row);
      const safe = (code: string): string => emitter.hold(isFound ? code : `${row}===0?0:${code}`);
      return { ...makeValue('b', like.type, safe(from), nil), length: safe(length), memory };
    }
    const code = this.textAt(emitter, at, row);
    if (nil === 'false') return { ...like, code: emitter.hold(code), nil };
    const name = emitter.hold(`${nil}?null:${code}`);
    return { ...like, code: name, nil: `${name}===null` };
  }

  /** Expression of a text that is kept as bytes; the row is no row 0. */
  textAt(emitter: Emitter, at: number, row: string): string {
    const store = this.name(emitter);
    const { from, length, memory } = this.bytesOf(emitter, at, row);
    const text = emitter.hoist(`${store}_x${at}`, `${store}.charsText[${at}]`);
    const made = `${emitter.unit.use('readText')}(${memory},${text},${from},${length})`;
    if (!this.keepsTexts) return made;
    const kept = emitter.hoist(`${store}_k${at}`, `${store}.kept(${at})`);
    return `(${kept}[${row}]??(${kept}[${row}]=${made}))`;
  }

  /** A text under a hold. */
  #readBytes(emitter: Emitter, at: number, row: string, isFound: boolean): Value {
    const column = this.columns[at];
    if (!isTextType(column.like.type)) throw new NotInPage();
    column.bytes = true;
    const store = this.name(emitter);
    const nil = column.nullable
      ? `${emitter.hoist(`${store}_${at}`, `${store}.data[${at}]`)}[${row}]===null`
      : isFound
        ? 'false'
        : `${row}===0`;
    const { from, length, memory } = this.bytesOf(emitter, at, row);
    return { ...makeValue('b', column.like.type, emitter.hold(from), nil), length: emitter.hold(length), memory };
  }

  /** Expressions of where the bytes of a text lie. */
  bytesOf(emitter: Emitter, at: number, row: string): { from: string; length: string; memory: string } {
    const store = this.name(emitter);
    if (this.columns[at].kind === 't') {
      const ends = emitter.hoist(`${store}_${at}`, `${store}.data[${at}]`);
      const memory = emitter.hoist(`${store}_t${at}`, `${store}.chars[${at}]`);
      return { from: `${ends}[${row}-1]`, length: `(${ends}[${row}]-${ends}[${row}-1])`, memory };
    }
    this.columns[at].bytes = true;
    const memory = emitter.hoist(`${store}_b${at}`, `${store}.texts[${at}]`);
    const places = emitter.hoist(`${store}_p${at}`, `${store}.places[${at}]`);
    return { from: `${places}[${row}]`, length: `(${places}[${row}+1]-${places}[${row}])`, memory };
  }

  /** Readers of its columns; `row`: the local with the number of a row. */
  readers(row: string, isFound: boolean): Map<ColumnId, ColumnReader> {
    const readers = new Map<ColumnId, ColumnReader>();
    for (const [column, at] of this.#places) readers.set(column, (emitter) => this.read(emitter, at, row, isFound));
    return readers;
  }
}

/** Bytes of a text outside its slot. */
const extraCode = ({ nil, code }: Value): string => (nil === 'false' ? `${code}.length` : `(${nil}?0:${code}.length)`);

/** Made apart, so that the program does not keep the builder. */
const storeOf =
  (columns: readonly StoredColumn[], make: (columns: readonly StoreColumn[], state: State) => RowStore) =>
  (state: State): RowStore =>
    make(columns, state);
