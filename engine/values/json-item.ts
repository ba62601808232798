/**
 * A jsonb value where it stands in its canonical text, looked into without being read as a whole: what a path does not ask for is only
 * passed over.
 */

import { quoteJson } from './json.ts';

export type ItemKind = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object' | 'datetime';

/** `text` has a value at `start`. */
export interface JsonItem {
  readonly text: string;
  readonly start: number;
  readonly kind: ItemKind;
  /** Of datetime: its type, and the value as that type has it. */
  readonly type?: string;
  readonly instant?: number | bigint;
}

function kindAt(text: string, start: number): ItemKind {
  switch (text.charCodeAt(start)) {
    case 123:
      return 'object';
    case 91:
      return 'array';
    case 34:
      return 'string';
    case 110:
      return 'null';
    case 116:
    case 102:
      return 'boolean';
    default:
      return 'number';
  }
}

export const itemAt = (text: string, start = 0): JsonItem => ({ text, start, kind: kindAt(text, start) });
export const stringItem = (value: string): JsonItem => ({ text: quoteJson(value), start: 0, kind: 'string' });
export const numberItem = (value: string): JsonItem => ({ text: value, start: 0, kind: 'number' });
export const TRUE: JsonItem = itemAt('true');
export const FALSE: JsonItem = itemAt('false');
export const NULL: JsonItem = itemAt('null');

/** Behind a string that begins there. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  for (;;) {
    const end = text.indexOf('"', at);
    let slashes = end;
    while (text.charCodeAt(slashes - 1) === 92) slashes--;
    if (((end - slashes) & 1) === 0) return end + 1;
    at = end + 1;
  }
}

/** Behind the value that begins there. */
export function endOfValue(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === 34) return endOfString(text, start);
  let at = start;
  if (first !== 123 && first !== 91) {
    // A word or a number, up to , ] } or the end.
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === 44 || code === 93 || code === 125) break;
    }
    return at;
  }
  for (let depth = 0; ; ) {
    const code = text.charCodeAt(at);
    if (code === 34) {
      at = endOfString(text, at);
      continue;
    }
    at++;
    if (code === 123 || code === 91) depth++;
    else if ((code === 125 || code === 93) && --depth === 0) return at;
  }
}

export const textOfItem = (item: JsonItem): string =>
  item.start === 0 && item.kind !== 'datetime'
    ? item.text.slice(0, endOfValue(item.text, 0))
    : item.text.slice(item.start, endOfValue(item.text, item.start));

export const stringOf = (item: JsonItem): string => JSON.parse(textOfItem(item)) as string;

/** The value of a key, given in its quotes and with the colon behind it; null: there is none. */
export function memberOf(item: JsonItem, key: string): JsonItem | null {
  const { text } = item;
  let at = item.start + 1;
  if (text.charCodeAt(at) === 125) return null;
  for (;;) {
    if (text.startsWith(key, at)) return itemAt(text, at + key.length + 1);
    at = endOfValue(text, endOfString(text, at) + 2);
    if (text.charCodeAt(at) === 125) return null;
    at += 2;
  }
}

/** Calls `visit` with each element, or value of an object, until it answers true; whether it did. */
export function eachValue(item: JsonItem, visit: (value: JsonItem, key: string) => boolean): boolean {
  const { text } = item;
  const isObject = item.kind === 'object';
  let at = item.start + 1;
  const close = isObject ? 125 : 93;
  if (text.charCodeAt(at) === close) return false;
  for (;;) {
    let key = '';
    if (isObject) {
      const end = endOfString(text, at);
      key = text.slice(at, end);
      at = end + 2;
    }
    if (visit(itemAt(text, at), key)) return true;
    at = endOfValue(text, at);
    if (text.charCodeAt(at) === close) return false;
    at += 2;
  }
}

export function sizeOfArray(item: JsonItem): number {
  let count = 0;
  eachValue(item, () => {
    count++;
    return false;
  });
  return count;
}
