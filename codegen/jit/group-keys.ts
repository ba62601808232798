/**
 * Code that finds the group of a row: its key as words, hashed, looked up, entered when it is new. The same words in both
 * renderings, so that rows that left their page meet their group (SBLR-V2, V6).
 *
 *   word 0: bit n: key n is NULL, bit n + 16: key n is a bigint       then for each key one word ('i') or two
 *   with grouping sets: the last word is the number of the set, whose other keys are NULL with words 0
 */

import type { BoundExpression, ColumnId } from '../../engine/sblr/bound.ts';
import { sqlType } from '../../engine/sblr/types.ts';
import { isYearOfDate } from './arithmetic.ts';
import type { ColumnReader, Emitter } from './emitter.ts';
import { isTextType } from './leaves.ts';
import { isFloatType, isLongType, isWordType, makeValue, slotCode, slotValue, type Value } from './value.ts';

export interface GroupKeyColumn {
  readonly column: ColumnId;
  readonly expression: BoundExpression;
}

type KeyKind = 'word' | 'double' | 'long' | 'text';

/** Keys that can be words: at most this many. */
const WORD_KEYS_MAX = 12;

/** A numeric is one where `stored` says that it lies in a table with few digits: never NaN, always of its scale. */
function keyKind(expression: BoundExpression): KeyKind {
  const { type } = expression;
  if (isWordType(type)) return 'word';
  if (isFloatType(type) || type.name === 'numeric') return 'double';
  return isLongType(type) ? 'long' : 'text';
}

export const isShortNumeric = (expression: BoundExpression, stored: ReadonlySet<ColumnId>): boolean =>
  expression.op === 'column' &&
  expression.type.name === 'numeric' &&
  expression.type.scale >= 0 &&
  expression.type.length > 0 &&
  expression.type.length <= 15 &&
  stored.has(expression.column);

/** Whether the keys can be words. `stored`: columns that come from a table as they are. */
export const areWordKeys = (keys: readonly GroupKeyColumn[], stored: ReadonlySet<ColumnId>): boolean =>
  keys.length <= WORD_KEYS_MAX &&
  keys.every(({ expression }) => {
    const { type } = expression;
    if (type.name === 'numeric') return isShortNumeric(expression, stored) || isYearOfDate(expression);
    // Values of one stored column are padded alike: equal where their bytes are.
    if (type.name === 'char') return expression.op === 'column' && type.length > 0 && stored.has(expression.column);
    return isWordType(type) || isFloatType(type) || isLongType(type) || isTextType(type) || type.name === 'uuid';
  });

const widthOf = (expression: BoundExpression): number => (keyKind(expression) === 'word' ? 1 : 2);

/** Words of a whole key. */
export const keyWords = (keys: readonly GroupKeyColumn[], hasSets: boolean): number =>
  keys.reduce((sum, { expression }) => sum + widthOf(expression), hasSets ? 2 : 1);

/** Words of a key that say where in the arena a text lies; its length is in the word behind. */
export function textWords(keys: readonly GroupKeyColumn[]): number[] {
  const words: number[] = [];
  let word = 1;
  for (const { expression } of keys) {
    if (keyKind(expression) === 'text') words.push(word);
    word += widthOf(expression);
  }
  return words;
}

interface Part {
  /** Expressions of the words; of text: hash, length. */
  readonly words: readonly string[];
  readonly nil: string;
  readonly big: string;
  readonly text: { readonly memory: string; readonly from: string; readonly length: string } | null;
}

/** The key of a row: its first word, and the others. */
export interface RowKey {
  readonly flags: string;
  readonly parts: readonly Part[];
}

function keyPart(emitter: Emitter, groups: string, expression: BoundExpression, value: Value, index: number): Part {
  const nil = value.nil === 'false' || value.nil === 'true' ? value.nil : emitter.hold(value.nil);
  const orZero = (code: string): string => (nil === 'false' ? code : `${nil}?0:${code}`);
  switch (keyKind(expression)) {
    case 'word':
      return { words: [emitter.hold(`(${orZero(value.code)})|0`)], nil, big: 'false', text: null };
    case 'text':
      return textPart(emitter, groups, value, nil, index);
    case 'long':
      if (value.rep === 'v') {
        const big = emitter.hold(`${groups}.longWords(${orZero(value.code)})`);
        return { words: takeWords(emitter), nil, big, text: null };
      }
      break;
    default:
  }
  const { code } = shortNumber(emitter, value);
  emitter.emit(`${emitter.unit.use('doubleWords')}(${orZero(code)});`);
  return { words: takeWords(emitter), nil, big: 'false', text: null };
}

/** A float, or a short numeric as its scaled integer, whatever form it has here. */
export function shortNumber(emitter: Emitter, value: Value): Value {
  const { type } = value;
  if (type.name !== 'numeric' || value.rep === 'd') return value;
  emitter.needCalls();
  return {
    ...value,
    rep: 'd',
    code: `${emitter.unit.use('scaledOf')}(${value.code},${Math.max(0, type.scale)})`,
    scale: Math.max(0, type.scale),
    digits: Math.max(0, type.length),
  };
}

function takeWords(emitter: Emitter): string[] {
  const pair = emitter.unit.use('wordPair');
  return [emitter.hold(`${pair}[0]`), emitter.hold(`${pair}[1]`)];
}

/** Text is hashed here; where it lies is kept for the comparison. */
function textPart(emitter: Emitter, groups: string, value: Value, nil: string, index: number): Part {
  let { memory, code: from, length } = value;
  if (value.rep === 'v') {
    emitter.needCalls();
    memory = emitter.name('m');
    const size = emitter.hold(`${groups}.putText(${index},${nil === 'false' ? value.code : `${nil}?'':${value.code}`})`);
    emitter.emit(`const ${memory}=${groups}.texts[${index}];`);
    from = '0';
    length = size;
  }
  const size = emitter.hold(nil === 'false' ? length : `${nil}?0:${length}`);
  const hash = emitter.name('h');
  emitter.emit(
    `let ${hash}=${size};for(let e=0;e<${size};e++)${hash}=Math.imul(${hash}^${memory}[${from}+e],16777619)^${hash}>>>15;`,
  );
  return { words: [hash, size], nil, big: 'false', text: { memory, from, length: size } };
}

/** Evaluates the words of a row's key. `groups`: the local of the Groups. */
export function emitRowKey(emitter: Emitter, groups: string, keys: readonly GroupKeyColumn[], values: readonly Value[]): RowKey {
  const parts = keys.map(({ expression }, index) => keyPart(emitter, groups, expression, values[index], index));
  const bits = parts.flatMap(({ nil, big }, index) => [
    ...(nil === 'false' ? [] : [`(${nil}?${1 << index}:0)`]),
    ...(big === 'false' ? [] : [`(${big}?${1 << (index + 16)}:0)`]),
  ]);
  return { flags: bits.length === 0 ? '0' : emitter.hold(bits.join('|')), parts };
}

/** The key in one set: `mask` has a bit for each key that it groups by, `set` is its number. */
export function maskedKey(emitter: Emitter, { flags, parts }: RowKey, mask: string, set: string): RowKey {
  const all = 2 ** parts.length - 1;
  const own = flags === '0' ? '' : `${flags}&(${mask}|${mask}<<16)|`;
  const within = parts.map((part, index): Part => {
    const only = (code: string): string => emitter.hold(`(${mask}&${1 << index})!==0?${code}:0`);
    const words = part.words.map(only);
    const text = part.text === null ? null : { ...part.text, length: words[1] };
    return { ...part, words, text };
  });
  const number: Part = { words: [set], nil: 'false', big: 'false', text: null };
  return { flags: emitter.hold(`${own}${all}&~${mask}`), parts: [...within, number] };
}

/** Bytes that the texts of a key take: '' when there is none. */
export const textBytes = ({ parts }: RowKey): string =>
  parts.flatMap(({ text }) => (text === null ? [] : [text.length])).join('+');

/**
 * Writes the lookup; returns the local that holds the group's number. In the page the tables are taken from the Groups once a page:
 * there is room for all of a page's groups. `full` writes what becomes of a row whose group cannot be entered; it leaves. `entered`:
 * run where the group is new.
 */
export function emitGroupLookup(
  emitter: Emitter,
  groups: string,
  key: RowKey,
  width: number,
  full: (hash: string) => string,
  entered = '',
): string {
  const { flags, parts } = key;
  const [table, mask, hashes, words] = FIELDS.map((field) => hoistField(emitter, groups, field));
  const hash = emitHash(emitter, key);
  const at = emitter.name('j');
  const group = emitter.name('y');
  const base = emitter.name('b');
  let word = 1;
  const tests = [`${hashes}[${group}]===${hash}`, `${words}[${base}]===${flags}`];
  const stores = [`${words}[${base}]=${flags};`];
  for (const part of parts) {
    if (part.text === null) {
      for (const code of part.words) {
        tests.push(`${words}[${base}+${word}]===${code}`);
        stores.push(`${words}[${base}+${word}]=${code};`);
        word++;
      }
      continue;
    }
    const { memory, from, length } = part.text;
    const same = `${emitter.unit.use('sameBytes')}(${groups}.arena,${words}[${base}+${word}],${memory},${from},${length})`;
    tests.push(`${words}[${base}+${word + 1}]===${length}`, same);
    stores.push(
      `${words}[${base}+${word}]=${groups}.keepText(${memory},${from},${length});${words}[${base}+${word + 1}]=${length};`,
    );
    word += 2;
  }
  const texts = textBytes(key);
  // Under a hold the arena cannot grow.
  const room = emitter.wide || texts === '' ? '' : `if(${groups}.arenaUsed+${texts}>${groups}.arena.length)${emitter.exit}`;
  emitter.emit(
    `let ${at}=${hash}&${mask},${group}=0,${base}=0;` +
      `for(;;){${group}=${table}[${at}]-1;${base}=${group}*${width};` +
      `if(${group}<0){if(${groups}.full){${full(hash)}}${room}${group}=${groups}.count++;${base}=${group}*${width};${table}[${at}]=${group}+1;${hashes}[${group}]=${hash};${stores.join('')}` +
      `${emitter.wide ? `${groups}.init(${group});` : ''}${entered}break;}` +
      `if(${tests.join('&&')})break;${at}=${at}+1&${mask};}`,
  );
  return group;
}

const FIELDS = ['table', 'mask', 'hashes', 'keys'] as const;

/** A table of the Groups in a local: once a call, and again when it has grown. */
export function hoistField(emitter: Emitter, groups: string, field: string): string {
  const name = `${groups}_${field}`;
  if (!emitter.prologue.has(name)) emitter.prologue.set(name, `let ${name}=${groups}.${field};`);
  return name;
}

/** A row of a join's source may bring more groups than there was room made for before it. */
export function emitRoom(emitter: Emitter, groups: string): void {
  const again = [...FIELDS, 'sums'].map((field) => `${hoistField(emitter, groups, field)}=${groups}.${field};`).join('');
  emitter.emit(`if(${groups}.count===${groups}.capacity){${groups}.more();${again}}`);
}

function emitHash(emitter: Emitter, { flags, parts }: RowKey): string {
  const hash = emitter.name('h');
  const all = parts.flatMap((part) => part.words);
  emitter.emit(`let ${hash}=Math.imul(${all[0] ?? '0'}^${flags},-1640531535);`);
  for (const word of all.slice(1)) emitter.emit(`${hash}=Math.imul(${hash}^${hash}>>>15^${word},-2048144789);`);
  emitter.emit(`${hash}^=${hash}>>>15;`);
  return hash;
}

/** Readers of the key columns where groups are the rows: `group` is the group's number. */
export function groupKeyReaders(
  groups: string,
  keys: readonly GroupKeyColumn[],
  width: number,
  group: string,
  hasSets: boolean,
): Map<ColumnId, ColumnReader> {
  const readers = new Map<ColumnId, ColumnReader>();
  let word = 1;
  keys.forEach(({ column, expression }, index) => {
    const type = hasSets ? { ...expression.type, nullable: true } : expression.type;
    const at = `${group}*${width}+${word}`;
    const flags = `${groups}.keys[${group}*${width}]`;
    const nil = type.nullable ? `(${flags}&${1 << index})!==0` : 'false';
    const kind = keyKind(expression);
    word += widthOf(expression);
    readers.set(column, (emitter) => {
      if (kind === 'word') return makeValue('i', type, `${groups}.keys[${at}]`, nil, 0, type.digits);
      if (kind === 'double') {
        const value = makeValue(
          'd',
          type,
          emitter.hold(`${groups}.double(${at})`),
          nil,
          Math.max(0, type.scale),
          Math.max(0, type.length),
        );
        return type.name === 'numeric' ? value : { ...value, scale: 0, digits: 0 };
      }
      const code =
        kind === 'long'
          ? `${groups}.long(${at},(${flags}&${1 << (index + 16)})!==0,${type.name.startsWith('timestamp')})`
          : `${groups}.text(${at})`;
      const value = makeValue('v', type, code, nil);
      return slotValue(value, emitter.hold(slotCode(value)));
    });
  });
  return readers;
}

const INT4 = sqlType('int4', false);

/** GROUPING(): a constant for each set. */
export function groupingReader(values: readonly number[], set: string): ColumnReader {
  return (emitter) => {
    const digits = INT4.digits;
    if (values.length === 0) return makeValue('i', INT4, '0', 'false', 0, 1);
    const list = emitter.unit.constant(Int32Array.from(values), 'GROUPING() of each set');
    return makeValue('i', INT4, `${list}[${set}]`, 'false', 0, digits);
  };
}
