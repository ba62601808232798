/** Primitives of json and jsonb (engine/sblr/primitives-json.ts). json is text as written; jsonb is canonical text. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { badParameter } from './errors.ts';
import type { Implementation } from './functions.ts';
import { JSON_NULL, type JsonNode, jsonbObject, jsonNode, parseJson, quoteJson, writeJsonb } from './json.ts';
import { containsNode } from './jsonb-compare.ts';
import { deletePath, insertPath, pathOf, setPath } from './json-path.ts';

type Nullable = string | null;

/** The value of a key, the last of several. */
function fieldOf(node: JsonNode | null, key: string): JsonNode | null {
  if (node === null || node.kind !== 'object') return null;
  const index = node.keys.lastIndexOf(key);
  return index < 0 ? null : node.items[index];
}
function elementOf(node: JsonNode | null, index: number): JsonNode | null {
  if (node === null || node.kind !== 'array') return null;
  return node.items[index < 0 ? node.items.length + index : index] ?? null;
}
/** One step of a path: a key of an object, or a number of an element. */
function stepInto(node: JsonNode | null, step: string | null): JsonNode | null {
  if (node === null || step === null) return null;
  if (node.kind === 'object') return fieldOf(node, step);
  return /^\s*[+-]?\d+$/.test(step) ? elementOf(node, Number(step)) : null;
}
/** What a path leads to. */
export const walk = (node: JsonNode, path: readonly Nullable[]): JsonNode | null => path.reduce<JsonNode | null>(stepInto, node);

/** Text of a value as ->> gives it: strings without quotes, null as NULL. */
function plain(node: JsonNode | null, text: string): Nullable {
  if (node === null || node.kind === 'null') return null;
  if (node.kind !== 'string') return text.slice(node.start, node.end);
  return node.value;
}
/** The same of a node that was read from a text without its characters: strings are read again. */
export const plainText = (node: JsonNode, text: string): Nullable =>
  node.kind === 'string' ? parseJson(text.slice(node.start, node.end)).value : plain(node, text);
const part = (node: JsonNode | null, text: string): Nullable => (node === null ? null : text.slice(node.start, node.end));

const KINDS: { readonly [kind: string]: string } = { boolean: 'boolean', null: 'null' };

function arrayLength(text: string, word: string): number {
  const node = parseJson(text, false);
  if (node.kind === 'array') return node.items.length;
  const what = node.kind === 'object' ? 'a non-array' : 'a scalar';
  const message =
    word === 'json' && node.kind === 'object' ? 'cannot get array length of a non-array' : `cannot get array length of ${what}`;
  throw badParameter(message);
}

function strip(node: JsonNode, inArrays: boolean): JsonNode {
  if (node.kind === 'array') {
    const items = inArrays ? node.items.filter((item) => item.kind !== 'null') : node.items;
    return jsonNode(
      'array',
      '',
      items.map((item) => strip(item, inArrays)),
    );
  }
  if (node.kind !== 'object') return node;
  const kept = node.keys.map((_, index) => index).filter((index) => node.items[index].kind !== 'null');
  return jsonNode(
    'object',
    '',
    kept.map((index) => strip(node.items[index], inArrays)),
    kept.map((index) => node.keys[index]),
  );
}
/** Without blanks: what json's functions that rebuild a value write. */
export function writeCompact(node: JsonNode): string {
  if (node.kind === 'array') return `[${node.items.map(writeCompact).join(',')}]`;
  if (node.kind === 'object')
    return `{${node.keys.map((key, index) => `${quoteJson(key)}:${writeCompact(node.items[index])}`).join(',')}}`;
  return node.kind === 'string' ? quoteJson(node.value) : node.value;
}

/** The key that a value makes, in its quotes; `value` is json text. */
export function keyOf(value: Nullable): string {
  if (value === null) throw badParameter('null value not allowed for object key');
  const node = parseJson(value, false);
  if (node.kind === 'array' || node.kind === 'object') {
    throw badParameter('key value must be scalar, not array, composite, or json');
  }
  return node.value;
}

function checkPairs(count: number): void {
  if (count % 2 !== 0) {
    const hint = 'The arguments must consist of alternating keys and values.';
    throw badParameter('argument list must have even number of elements', hint);
  }
}
function keyAt(given: readonly Nullable[], index: number, isJson: boolean): string {
  if (given[index] === null) {
    if (isJson) throw new SqlError(SQLSTATE.null_value_not_allowed, 'null value not allowed for object key');
    throw badParameter(`argument ${index + 1}: key must not be null`);
  }
  return keyOf(given[index]);
}
/** What an object of keys and values in turn keeps: NULLs, keys that come again. */
export interface ObjectForm {
  readonly strict: boolean;
  readonly unique: boolean;
}

/** 22030 where `unique`, for keys of values that are left out, too. */
export function takeKey(seen: Set<string>, key: string, { unique }: ObjectForm): void {
  if (unique && seen.has(key))
    throw new SqlError(SQLSTATE.duplicate_json_object_key_value, `duplicate JSON object key value: ${quoteJson(key)}`);
  seen.add(key);
}

function pairsOf(given: readonly Nullable[], isJson: boolean, form: ObjectForm): [key: string, value: Nullable][] {
  checkPairs(given.length);
  const seen = new Set<string>();
  const pairs: [string, Nullable][] = [];
  for (let index = 0; index < given.length; index += 2) {
    const key = keyAt(given, index, isJson);
    if (form.unique) takeKey(seen, key, form);
    const value = given[index + 1];
    if (value !== null || !form.strict) pairs.push([key, value]);
  }
  return pairs;
}

const buildObject =
  (form: ObjectForm) =>
  (...given: Nullable[]): string =>
    `{${pairsOf(given, true, form)
      .map(([key, value]) => `${quoteJson(key)} : ${value ?? 'null'}`)
      .join(', ')}}`;
const nodeOf = (text: Nullable): JsonNode => (text === null ? JSON_NULL : parseJson(text));
const buildJsonbObject =
  (form: ObjectForm) =>
  (...given: Nullable[]): string => {
    const pairs = pairsOf(given, false, form);
    return writeJsonb(
      jsonbObject(
        pairs.map(([key]) => key),
        pairs.map(([, value]) => nodeOf(value)),
      ),
    );
  };

function concat(a: string, b: string): string {
  const left = parseJson(a);
  const right = parseJson(b);
  if (left.kind === 'object' && right.kind === 'object') {
    return writeJsonb(jsonbObject([...left.keys, ...right.keys], [...left.items, ...right.items]));
  }
  const items = (node: JsonNode): readonly JsonNode[] => (node.kind === 'array' ? node.items : [node]);
  return writeJsonb(jsonNode('array', '', [...items(left), ...items(right)]));
}

function deleteKey(text: string, key: string): string {
  const node = parseJson(text);
  if (node.kind !== 'array' && node.kind !== 'object') throw badParameter('cannot delete from scalar');
  const isKept = (index: number): boolean =>
    node.kind === 'object' ? node.keys[index] !== key : !(node.items[index].kind === 'string' && node.items[index].value === key);
  return writeJsonb({
    ...node,
    items: node.items.filter((_, index) => isKept(index)),
    keys: node.keys.filter((_, index) => isKept(index)),
  });
}
function deleteIndex(text: string, index: number): string {
  const node = parseJson(text);
  if (node.kind === 'object') throw badParameter('cannot delete from object using integer index');
  if (node.kind !== 'array') throw badParameter('cannot delete from scalar');
  const at = index < 0 ? node.items.length + index : index;
  return writeJsonb({ ...node, items: node.items.filter((_, place) => place !== at) });
}

function hasKey(text: string, key: string): boolean {
  const node = parseJson(text);
  if (node.kind === 'object') return node.keys.includes(key);
  const isKey = (item: JsonNode): boolean => item.kind === 'string' && item.value === key;
  return node.kind === 'array' ? node.items.some(isKey) : isKey(node);
}

function pretty(node: JsonNode, indent: string): string {
  const inner = `${indent}    `;
  if (node.kind === 'array' && node.items.length > 0) {
    return `[\n${node.items.map((item) => inner + pretty(item, inner)).join(',\n')}\n${indent}]`;
  }
  if (node.kind === 'object' && node.items.length > 0) {
    const lines = node.keys.map((key, index) => `${inner}${quoteJson(key)}: ${pretty(node.items[index], inner)}`);
    return `{\n${lines.join(',\n')}\n${indent}}`;
  }
  if (node.kind === 'array') return `[\n${indent}]`;
  return node.kind === 'object' ? `{\n${indent}}` : writeJsonb(node);
}

const table: { [primitive: string]: Implementation } = {
  'json.build.array': (...given: Nullable[]) => `[${given.map((value) => value ?? 'null').join(', ')}]`,
  'jsonb.build.array': (...given: Nullable[]) => writeJsonb(jsonNode('array', '', given.map(nodeOf))),
  'json.stripNulls': (text: string) => writeCompact(strip(parseJson(text, false), false)),
  'json.stripNulls.arrays': (text: string, inArrays: boolean) => writeCompact(strip(parseJson(text, false), inArrays)),
  'jsonb.stripNulls': (text: string) => writeJsonb(strip(parseJson(text), false)),
  'jsonb.stripNulls.arrays': (text: string, inArrays: boolean) => writeJsonb(strip(parseJson(text), inArrays)),
  'jsonb.contains': (a: string, b: string) => containsNode(parseJson(a), parseJson(b)),
  'jsonb.contained': (a: string, b: string) => containsNode(parseJson(b), parseJson(a)),
  'jsonb.hasKey': hasKey,
  'jsonb.concat': concat,
  'jsonb.delete.key': deleteKey,
  'jsonb.delete.index': deleteIndex,
  'jsonb.delete.path': (text: string, path: string) => writeJsonb(deletePath(parseJson(text), pathOf(path))),
  'jsonb.set': (text: string, path: string, value: string) =>
    writeJsonb(setPath(parseJson(text), pathOf(path), parseJson(value), true)),
  'jsonb.set.create': (text: string, path: string, value: string, create: boolean) =>
    writeJsonb(setPath(parseJson(text), pathOf(path), parseJson(value), create)),
  'jsonb.insert': (text: string, path: string, value: string) =>
    writeJsonb(insertPath(parseJson(text), pathOf(path), parseJson(value), false)),
  'jsonb.insert.after': (text: string, path: string, value: string, after: boolean) =>
    writeJsonb(insertPath(parseJson(text), pathOf(path), parseJson(value), after)),
  'jsonb.pretty': (text: string) => pretty(parseJson(text), ''),
};

/** Forms of objects by the end of the primitive's name. */
export const OBJECT_FORMS: { readonly [suffix: string]: ObjectForm } = {
  '': { strict: false, unique: false },
  '.strict': { strict: true, unique: false },
  '.unique': { strict: false, unique: true },
  '.strictUnique': { strict: true, unique: true },
};
for (const [suffix, form] of Object.entries(OBJECT_FORMS)) {
  table[`json.build.object${suffix}`] = buildObject(form);
  table[`jsonb.build.object${suffix}`] = buildJsonbObject(form);
}
table['json.build.array.strict'] = (...given: Nullable[]) => `[${given.filter((value) => value !== null).join(', ')}]`;
table['jsonb.build.array.strict'] = (...given: Nullable[]) =>
  writeJsonb(jsonNode('array', '', given.filter((value) => value !== null).map(nodeOf)));

for (const type of ['json', 'jsonb']) {
  // json keeps \u0000 as it is written; only a text made of it would fail.
  const isStrict = type === 'jsonb';
  const read = (text: string): JsonNode => parseJson(text, isStrict);
  /** A bare scalar of jsonb is an array of one to `->`. */
  const itemOf = (node: JsonNode, index: number): JsonNode | null => {
    const isScalar = isStrict && node.kind !== 'array' && node.kind !== 'object';
    return isScalar ? (index === 0 || index === -1 ? node : null) : elementOf(node, index);
  };
  const readPlain = (text: string, find: (node: JsonNode) => JsonNode | null): Nullable =>
    plain(find(parseJson(text, isStrict)), text);
  Object.assign(table, {
    [`${type}.field`]: (text: string, key: string) => part(fieldOf(read(text), key), text),
    [`${type}.field.text`]: (text: string, key: string) => readPlain(text, (node) => fieldOf(node, key)),
    [`${type}.element`]: (text: string, index: number) => part(itemOf(read(text), index), text),
    [`${type}.element.text`]: (text: string, index: number) => readPlain(text, (node) => itemOf(node, index)),
    [`${type}.path`]: (text: string, ...path: string[]) => part(walk(read(text), path), text),
    [`${type}.path.text`]: (text: string, ...path: string[]) => readPlain(text, (node) => walk(node, path)),
    [`${type}.pathOf`]: (text: string, path: string) => part(walk(read(text), pathOf(path)), text),
    [`${type}.pathOf.text`]: (text: string, path: string) => readPlain(text, (node) => walk(node, pathOf(path))),
    [`${type}.typeof.json`]: (text: string) => KINDS[read(text).kind] ?? read(text).kind,
    [`${type}.arrayLength`]: (text: string) => arrayLength(text, type),
    [`${type}.same`]: (text: string) => text,
  });
}

export const jsonFunctions: { readonly [primitive: string]: Implementation } = table;
