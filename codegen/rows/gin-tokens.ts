/**
 * Tokens of values: what an inverted index (gin) has entries of. A token is kept as 64 bits of its hash: two tokens may meet in one,
 * which finds rows too many, and whoever reads looks at the rows with the whole condition.
 *
 *   bytes that are hashed    place of the column in the index | kind | the rest
 *
 *   jsonb_ops         K name    of a member of an object, or of a text that is an element of an array
 *                     V value   of another scalar, wherever it stands
 *   jsonb_path_ops    P names of the members that lead to it, value      of each scalar; arrays lead nowhere
 *   array_ops         E element | N of a NULL
 *   all of them       0 of a value that has none of these: so a value that is not NULL has an entry at least
 *
 * Part of the file format, with the bytes of the nested keys (nested-key.ts).
 */

import type { ArrayValue } from '../../engine/storage/rows/nested-value.ts';
import { hashKey } from '../../engine/storage/hash/hash-key.ts';
import type { PlacedColumn, RowLayout } from '../../engine/storage/rows/row-layout.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { createKeyScratch, type KeyList, type KeyLister, type TokenClass } from '../../engine/storage/rows/runtime.ts';
import { type JsonNode, parseJson } from '../../engine/values/json.ts';
import { columnReader } from './decoder.ts';
import { KeyWriter } from './nested-key.ts';

const KIND = { name: 0x4b, value: 0x56, path: 0x50, element: 0x45, nil: 0x4e, none: 0x30 } as const;

const writer = new KeyWriter();
const hash = createKeyScratch();
const hashed = { ...createKeyScratch() };

/** Both words of a token, as one number each. */
export interface Token {
  readonly high: number;
  readonly low: number;
}

function begin(place: number, kind: number): void {
  writer.clear();
  writer.byte(place);
  writer.byte(kind);
}

function finish(): Token {
  const bytes = writer.result();
  hashKey('bytes', { ...hashed, u8: bytes, length: bytes.length }, hash);
  return { high: hash.i32[0], low: hash.i32[1] };
}

export function nameToken(place: number, name: string): Token {
  begin(place, KIND.name);
  writer.escaped(Buffer.from(name));
  return finish();
}

export function valueToken(place: number, node: JsonNode): Token {
  begin(place, KIND.value);
  writer.json(node, false);
  return finish();
}

export function pathToken(place: number, path: readonly string[], node: JsonNode): Token {
  begin(place, KIND.path);
  for (const name of path) {
    writer.byte(1);
    writer.escaped(Buffer.from(name));
  }
  writer.byte(0);
  writer.json(node, false);
  return finish();
}

export function elementToken(place: number, element: string, item: RowValue): Token {
  begin(place, item === null ? KIND.nil : KIND.element);
  if (item !== null) writer.item(element, item);
  return finish();
}

export function noToken(place: number): Token {
  begin(place, KIND.none);
  return finish();
}

const isList = ({ kind }: JsonNode): boolean => kind === 'array' || kind === 'object';

/** Tokens of jsonb_ops. */
export function jsonTokens(place: number, node: JsonNode, inArray: boolean, take: (token: Token) => void): void {
  if (!isList(node)) {
    take(inArray && node.kind === 'string' ? nameToken(place, node.value) : valueToken(place, node));
    return;
  }
  node.items.forEach((item, at) => {
    if (node.kind === 'object') take(nameToken(place, node.keys[at]));
    jsonTokens(place, item, node.kind === 'array', take);
  });
}

/** Tokens of jsonb_path_ops. Containers are none: an empty one is contained in any of its kind. */
export function jsonPathTokens(place: number, node: JsonNode, path: string[], take: (token: Token) => void): void {
  if (!isList(node)) {
    take(pathToken(place, path, node));
    return;
  }
  node.items.forEach((item, at) => {
    if (node.kind === 'object') path.push(node.keys[at]);
    jsonPathTokens(place, item, path, take);
    if (node.kind === 'object') path.pop();
  });
}

/** All tokens of a value that is not NULL. A scalar that stands alone counts as an array of one. */
export function tokensOf(tokens: TokenClass, place: number, value: RowValue, take: (token: Token) => void): void {
  switch (tokens) {
    case 'jsonb_ops':
      return jsonTokens(place, parseJson(value as string), true, take);
    case 'jsonb_path_ops':
      return jsonPathTokens(place, parseJson(value as string), [], take);
    case 'array_ops': {
      const { element, items } = value as ArrayValue;
      for (const item of items) take(elementToken(place, element, item));
    }
  }
}

/** A column of an inverted index. */
export interface TokenColumn {
  readonly column: number;
  readonly tokens: TokenClass;
}

/** The lister of an inverted index over images of the layout (IndexRuntime.list). */
export function tokenLister(layout: RowLayout, columns: readonly TokenColumn[]): KeyLister {
  const parts = columns.map(({ column, tokens }, place) => ({
    ...{ place, tokens, column: layout.columns[column] },
    read: columnReader(layout, column),
  }));
  return (views, row, keys, read) => {
    keys.count = 0;
    for (const { place, tokens, column, read: readValue } of parts) {
      if (isNull(views.i32, row, column)) continue;
      const { i32, u16, u8, f64, bytesView } = views;
      const value = readValue(i32, u16, u8, f64, bytesView, row, (_, reference) => read(views, reference));
      const before = keys.count;
      tokensOf(tokens, place, value, (token) => addToken(keys, token));
      if (keys.count === before) addToken(keys, noToken(place));
    }
    sortKeys(keys);
  };
}

const isNull = (i32: Int32Array, row: number, { nullBit }: PlacedColumn): boolean =>
  nullBit >= 0 && (i32[(row >> 2) + 4 + (nullBit >> 5)] & (1 << (nullBit & 31))) !== 0;

function addToken(keys: KeyList, { high, low }: Token): void {
  const at = keys.count * 2;
  if (at === keys.words.length) {
    const words = new Int32Array(at * 2);
    words.set(keys.words);
    keys.words = words;
  }
  keys.words[at] = high;
  keys.words[at + 1] = low;
  keys.count++;
}

/** Ascending, each once: high words signed, low ones not. */
function sortKeys(keys: KeyList): void {
  const { words, count } = keys;
  if (count < 2) return;
  const order = Array.from({ length: count }, (_, at) => [words[2 * at], words[2 * at + 1]] as const);
  order.sort((a, b) => (a[0] === b[0] ? (a[1] >>> 0) - (b[1] >>> 0) : a[0] < b[0] ? -1 : 1));
  keys.count = 0;
  order.forEach(([high, low], at) => {
    if (at > 0 && order[at - 1][0] === high && order[at - 1][1] === low) return;
    words[2 * keys.count] = high;
    words[2 * keys.count + 1] = low;
    keys.count++;
  });
}
