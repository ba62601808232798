/** Functions that take a text or a JSON value apart; what they give is there at once. */

import type { RowValue } from '../storage/rows/row-value.ts';
import { badParameter } from './errors.ts';
import { plainText } from './functions-json.ts';
import { splitByRegex } from './functions-regex.ts';
import { type JsonNode, parseJson } from './json.ts';
import type { NextValue, SetFunction } from './set-functions.ts';

function each(values: readonly RowValue[]): NextValue {
  let at = 0;
  return () => (at < values.length ? values[at++] : undefined);
}

/** Without a separator: characters. What is like `none` is NULL. */
function parts(text: string | null, separator: string | null, none: string | null = null): NextValue {
  if (text === null || text === '') return each([]);
  const list = separator === null ? Array.from(text) : separator === '' ? [text] : text.split(separator);
  return each(list.map((part) => (part === none ? null : part)));
}

/** 22023 */
function elements(text: string, isBinary: boolean, name: string): readonly JsonNode[] {
  const node = parseJson(text, false);
  if (node.kind === 'array') return node.items;
  const what = node.kind === 'object' ? 'object' : 'scalar';
  if (isBinary) throw badParameter(`cannot extract elements from ${what === 'object' ? 'an object' : 'a scalar'}`);
  throw badParameter(`cannot call ${name} on a ${what === 'object' ? 'non-array' : 'scalar'}`);
}

/** 22023 */
function keys(text: string, name: string): readonly string[] {
  const node = parseJson(text);
  if (node.kind === 'object') return node.keys;
  throw badParameter(`cannot call ${name} on ${node.kind === 'array' ? 'an array' : 'a scalar'}`);
}

const table: { [primitive: string]: SetFunction } = {
  'text.split': parts,
  'text.split.null': parts,
  'text.regexpSplit': (text: string, pattern: string, flags = '') => each(splitByRegex(text, pattern, flags)),
  'text.regexpSplit.flags': (text: string, pattern: string, flags: string) => each(splitByRegex(text, pattern, flags)),
};
for (const type of ['json', 'jsonb']) {
  const isBinary = type === 'jsonb';
  table[`${type}.elements`] = (text: string) =>
    each(elements(text, isBinary, `${type}_array_elements`).map(({ start, end }) => text.slice(start, end)));
  table[`${type}.elements.text`] = (text: string) =>
    each(elements(text, isBinary, `${type}_array_elements_text`).map((node) => plainText(node, text)));
  table[`${type}.keys`] = (text: string) => each(keys(text, `${type}_object_keys`));
}

export const textSetFunctions: { readonly [primitive: string]: SetFunction } = table;
