/**
 * Code that finds the group of a row: its key as words, hashed, looked up, entered when it is new. The same words in both
 * renderings, so that rows that left their page meet their group (SBLR-V2, V6).
 *
 *   word 0: bit n: key n is NULL, bit n + 16: key n is a bigint       then for each key one word ('i') or two
 */

import type { BoundExpression, ColumnId } from '../../engine/sblr/bound.ts';
import type { ColumnReader, Emitter } from './emitter.ts';
import { NotInPage } from './emitter.ts';
import { emitValue } from './expressions.ts';
import { isTextType } from './leaves.ts';
import { isFloatType, isLongType, isWordType, makeValue, slotCode, slotValue, type Value } from './value.ts';

export interface GroupKeyColumn {
  readonly column: ColumnId;
  readonly expression: BoundExpression;
}

type KeyKind = 'word' | 'double' | 'long' | 'text';

/** Keys that can be words: at most this many. */
const WORD_KEYS_MAX = 12;

function keyKind({ type, op }: BoundExpression): KeyKind | null {
  if (isWordType(type)) return 'word';
  if (isFloatType(type)) return 'double';
  if (isLongType(type)) return 'long';
  if (type.name === 'numeric')
    return op === 'column' && type.scale >= 0 && type.length > 0 && type.length <= 15 ? 'double' : null;
  return isTextType(type) && op === 'column' ? 'text' : null;
}

/** Whether the keys can be words. */
export const areWordKeys = (keys: readonly GroupKeyColumn[]): boolean =>
  keys.length <= WORD_KEYS_MAX && keys.every(({ expression }) => keyKind(expression) !== null);

const widthOf = (expression: BoundExpression): number => (keyKind(expression) === 'word' ? 1 : 2);

/** Words of a whole key. */
export const keyWords = (keys: readonly GroupKeyColumn[]): number =>
  keys.reduce((sum, { expression }) => sum + widthOf(expression), 1);

interface Part {
  /** Expressions of the words; of text: hash, length. */
  readonly words: readonly string[];
  readonly nil: string;
  readonly big: string;
  readonly text: { readonly memory: string; readonly from: string; readonly length: string } | null;
}

function keyPart(emitter: Emitter, groups: string, expression: BoundExpression): Part {
  const value = emitValue(emitter, expression);
  const nil = value.nil === 'false' || value.nil === 'true' ? value.nil : emitter.hold(value.nil);
  const orZero = (code: string): string => (nil === 'false' ? code : `${nil}?0:${code}`);
  switch (keyKind(expression)) {
    case 'word':
      return { words: [emitter.hold(`(${orZero(value.code)})|0`)], nil, big: 'false', text: null };
    case 'text':
      return textPart(emitter, groups, value, nil);
    case 'long':
      if (value.rep === 'v') {
        const big = emitter.hold(`${groups}.longWords(${orZero(value.code)})`);
        return { words: takeWords(emitter), nil, big, text: null };
      }
      break;
    default:
      if (value.rep === 'v') throw new NotInPage();
  }
  emitter.emit(`${emitter.unit.use('doubleWords')}(${orZero(value.code)});`);
  return { words: takeWords(emitter), nil, big: 'false', text: null };
}

function takeWords(emitter: Emitter): string[] {
  const pair = emitter.unit.use('wordPair');
  return [emitter.hold(`${pair}[0]`), emitter.hold(`${pair}[1]`)];
}

/** Text is hashed here; where it lies is kept for the comparison. */
function textPart(emitter: Emitter, groups: string, value: Value, nil: string): Part {
  let { memory, code: from, length } = value;
  if (value.rep === 'v') {
    memory = emitter.hold(`${groups}.bytesOf(${nil === 'false' ? value.code : `${nil}?'':${value.code}`})`);
    from = '0';
    length = `${memory}.length`;
  }
  const size = emitter.hold(nil === 'false' ? length : `${nil}?0:${length}`);
  const hash = emitter.name('h');
  emitter.emit(
    `let ${hash}=${size};for(let e=0;e<${size};e++)${hash}=Math.imul(${hash}^${memory}[${from}+e],16777619)^${hash}>>>15;`,
  );
  return { words: [hash, size], nil, big: 'false', text: { memory, from, length: size } };
}

/**
 * Writes the lookup; returns the local that holds the group's number. `groups`: the local of the Groups. In the page the tables
 * are taken from it once a page: there is room for all of a page's groups.
 */
export function emitGroupLookup(emitter: Emitter, groups: string, keys: readonly GroupKeyColumn[], width: number): string {
  const parts = keys.map(({ expression }) => keyPart(emitter, groups, expression));
  const bits = parts.flatMap(({ nil, big }, index) => [
    ...(nil === 'false' ? [] : [`(${nil}?${1 << index}:0)`]),
    ...(big === 'false' ? [] : [`(${big}?${1 << (index + 16)}:0)`]),
  ]);
  const flags = bits.length === 0 ? '0' : emitter.hold(bits.join('|'));
  const [table, mask, hashes, words] = ['table', 'mask', 'hashes', 'keys'].map((field) =>
    emitter.hoist(`${groups}_${field}`, `${groups}.${field}`),
  );
  const hash = emitter.name('h');
  const all = parts.flatMap((part) => part.words);
  emitter.emit(`let ${hash}=Math.imul(${all[0]}^${flags},-1640531535);`);
  for (const word of all.slice(1)) emitter.emit(`${hash}=Math.imul(${hash}^${hash}>>>15^${word},-2048144789);`);
  emitter.emit(`${hash}^=${hash}>>>15;`);
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
  const texts = parts.flatMap(({ text }) => (text === null ? [] : [text.length]));
  // Under a hold the arena cannot grow.
  const room =
    emitter.wide || texts.length === 0 ? '' : `if(${groups}.arenaUsed+${texts.join('+')}>${groups}.arena.length)${emitter.exit}`;
  emitter.emit(
    `let ${at}=${hash}&${mask},${group}=0,${base}=0;` +
      `for(;;){${group}=${table}[${at}]-1;${base}=${group}*${width};` +
      `if(${group}<0){${room}${group}=${groups}.count++;${base}=${group}*${width};${table}[${at}]=${group}+1;${hashes}[${group}]=${hash};${stores.join('')}` +
      `${emitter.wide ? `${groups}.init(${group});` : ''}break;}` +
      `if(${tests.join('&&')})break;${at}=${at}+1&${mask};}`,
  );
  return group;
}

/** Readers of the key columns where groups are the rows: `group` is the group's number. */
export function groupKeyReaders(
  groups: string,
  keys: readonly GroupKeyColumn[],
  width: number,
  group: string,
): Map<ColumnId, ColumnReader> {
  const readers = new Map<ColumnId, ColumnReader>();
  let word = 1;
  keys.forEach(({ column, expression }, index) => {
    const { type } = expression;
    const at = `${group}*${width}+${word}`;
    const flags = `${groups}.keys[${group}*${width}]`;
    const nil = type.nullable ? `(${flags}&${1 << index})!==0` : 'false';
    const kind = keyKind(expression);
    word += widthOf(expression);
    readers.set(column, (emitter) => {
      if (kind === 'word') return makeValue('i', type, `${groups}.keys[${at}]`, nil, 0, type.digits);
      if (kind === 'double') {
        const value = makeValue('d', type, emitter.hold(`${groups}.double(${at})`), nil, Math.max(0, type.scale), type.length);
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
