/** Primitives over and into arrays of texts (engine/sblr/primitives-lists.ts). */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { ArrayValue, RecordValue } from '../storage/rows/nested-value.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import { arrayOfItems } from './arrays.ts';
import type { ValueContext } from './context.ts';
import { badParameter } from './errors.ts';
import type { Implementation } from './functions.ts';
import { jsonText } from './functions-casts.ts';
import { plainText, walk } from './functions-json.ts';
import { splitByRegex } from './functions-regex.ts';
import { JSON_NULL, type JsonNode, jsonbObject, jsonNode, parseJson, quoteJson, writeJsonb } from './json.ts';
import { deletePath, insertPath, setPath } from './json-path.ts';
import { compileRegex, Matching, pointsOf } from './regex.ts';

type Texts = readonly (string | null)[];
const textsOf = (array: ArrayValue): Texts => array.items as Texts;
const listOf = (items: Texts): ArrayValue => arrayOfItems('text', items);

// ---- JSON ----

function at(text: string, path: ArrayValue): string | null {
  const found = walk(parseJson(text, false), textsOf(path));
  return found === null ? null : text.slice(found.start, found.end);
}
function atText(text: string, path: ArrayValue): string | null {
  const found = walk(parseJson(text, false), textsOf(path));
  return found === null || found.kind === 'null' ? null : plainText(found, text);
}

/** Keys and values of one list, or of a list of pairs. 2202E */
function pairsOf({ lengths, items }: ArrayValue): { keys: Texts; values: Texts } {
  if (lengths.length > 2) throw new SqlError(SQLSTATE.array_subscript_error, 'wrong number of array subscripts');
  if (lengths.length === 2 && lengths[1] !== 2) throw new SqlError(SQLSTATE.array_subscript_error, 'array must have two columns');
  if (items.length % 2 !== 0) throw new SqlError(SQLSTATE.array_subscript_error, 'array must have even number of elements');
  return {
    keys: (items as Texts).filter((_, index) => index % 2 === 0),
    values: (items as Texts).filter((_, index) => index % 2 === 1),
  };
}
function twoLists(a: ArrayValue, b: ArrayValue): { keys: Texts; values: Texts } {
  if (a.lengths.length > 1 || b.lengths.length > 1)
    throw new SqlError(SQLSTATE.array_subscript_error, 'wrong number of array subscripts');
  if (a.items.length !== b.items.length) throw new SqlError(SQLSTATE.array_subscript_error, 'mismatched array dimensions');
  return { keys: textsOf(a), values: textsOf(b) };
}
function checkKeys(keys: Texts): readonly string[] {
  if (keys.includes(null)) throw new SqlError(SQLSTATE.null_value_not_allowed, 'null value not allowed for object key');
  return keys as readonly string[];
}
function jsonObject({ keys, values }: { keys: Texts; values: Texts }): string {
  const names = checkKeys(keys);
  const pair = (name: string, index: number): string => {
    const value = values[index];
    return `${quoteJson(name)} : ${value === null ? 'null' : quoteJson(value)}`;
  };
  return `{${names.map(pair).join(', ')}}`;
}
function jsonbObjectOf({ keys, values }: { keys: Texts; values: Texts }): string {
  const items = values.map((value) => (value === null ? JSON_NULL : jsonNode('string', value)));
  return writeJsonb(jsonbObject(checkKeys(keys), items));
}

const ofArray = (items: readonly JsonNode[]): JsonNode => jsonNode('array', '', items);

/** Without keys, or elements, of these names. */
function deleteKeys(text: string, keys: ArrayValue): string {
  const node = parseJson(text);
  const names = new Set(textsOf(keys));
  if (node.kind === 'object') {
    const kept = node.keys.map((_, index) => index).filter((index) => !names.has(node.keys[index]));
    return writeJsonb(
      jsonNode(
        'object',
        '',
        kept.map((index) => node.items[index]),
        kept.map((index) => node.keys[index]),
      ),
    );
  }
  if (node.kind === 'array')
    return writeJsonb(ofArray(node.items.filter((item) => item.kind !== 'string' || !names.has(item.value))));
  throw badParameter('cannot delete from scalar');
}
function hasKey(node: JsonNode, key: string | null): boolean {
  if (key === null) return false;
  if (node.kind === 'object') return node.keys.includes(key);
  if (node.kind === 'array') return node.items.some((item) => item.kind === 'string' && item.value === key);
  return node.kind === 'string' && node.value === key;
}

const setAt = (text: string, path: ArrayValue, value: string, create = true): string =>
  writeJsonb(setPath(parseJson(text), textsOf(path), parseJson(value), create));

function setLax(
  text: string | null,
  path: ArrayValue | null,
  value: string | null,
  create: boolean | null = true,
  given: string | null = 'use_json_null',
): string | null {
  if (text === null || path === null || create === null) return null;
  if (given === null)
    throw badParameter('null_value_treatment must be "delete_key", "return_target", "use_json_null", or "raise_exception"');
  if (value !== null) return setAt(text, path, value, create);
  switch (given) {
    case 'raise_exception':
      throw new SqlError(SQLSTATE.null_value_not_allowed, 'JSON value must not be null', {
        detail: 'Exception was raised because null_value_treatment is "raise_exception".',
      });
    case 'use_json_null':
      return setAt(text, path, 'null', create);
    case 'delete_key':
      return writeJsonb(deletePath(parseJson(text), textsOf(path)));
    case 'return_target':
      return text;
    default:
      throw badParameter('null_value_treatment must be "delete_key", "return_target", "use_json_null", or "raise_exception"');
  }
}

/** A JSON array or object with a line for each part. */
function withLines(text: string): string {
  const node = parseJson(text, false);
  const [open, close] = [text[0], text[text.length - 1]];
  const parts = node.items.map((item, index) => {
    const value = text.slice(item.start, item.end);
    return node.kind === 'object' ? `${quoteJson(node.keys[index])}:${value}` : value;
  });
  return `${open}${parts.join(',\n ')}${close}`;
}

// ---- regular expressions ----

const sliceOf = (points: readonly number[], from: number, to: number): string => {
  let text = '';
  for (let place = from; place < to; place++) text += String.fromCodePoint(points[place]);
  return text;
};

/** The groups of a match, or without any the whole of it. */
function groupsOf(points: readonly number[], match: readonly number[]): ArrayValue {
  const from = match.length > 2 ? 2 : 0;
  const items: (string | null)[] = [];
  for (let place = from; place < match.length; place += 2) {
    items.push(match[place] < 0 ? null : sliceOf(points, match[place], match[place + 1]));
  }
  return listOf(items);
}

function regexpMatch(text: string, pattern: string, flags = ''): ArrayValue | null {
  if (flags.includes('g'))
    throw badParameter('regexp_match() does not support the "global" option', 'Use the regexp_matches function instead.');
  const points = pointsOf(text);
  const match = new Matching(compileRegex(pattern, flags), points).next(0);
  return match === null ? null : groupsOf(points, match);
}

/** All matches with the flag g, else the first one. */
export function regexpMatches(text: string, pattern: string, flags = ''): () => ArrayValue | undefined {
  const points = pointsOf(text);
  const matching = new Matching(compileRegex(pattern, flags.replaceAll('g', '')), points);
  const isGlobal = flags.includes('g');
  let place = 0;
  return () => {
    const match = place > points.length ? null : matching.next(place);
    if (match === null) return undefined;
    place = isGlobal ? (match[1] > match[0] ? match[1] : match[1] + 1) : points.length + 1;
    return groupsOf(points, [...match]);
  };
}

// ---- identifiers ----

const notIdentifier = (text: string, detail?: string): SqlError =>
  badParameterWith(`string is not a valid identifier: "${text}"`, detail);
const badParameterWith = (message: string, detail?: string): SqlError =>
  new SqlError(SQLSTATE.invalid_parameter_value, message, detail === undefined ? {} : { detail });

/** The parts of a qualified name; not strict: what stands behind it does not matter. */
function parseIdent(text: string, strict = true): ArrayValue {
  const parts: string[] = [];
  let rest = text.trimStart();
  for (let first = true; ; first = false) {
    const quoted = /^"((?:[^"]|"")*)"/.exec(rest);
    const plain = /^[\p{L}_\u{80}-\u{10ffff}][\p{L}\p{N}_$\u{80}-\u{10ffff}]*/u.exec(rest);
    if (quoted !== null) {
      if (quoted[1] === '') throw notIdentifier(text, 'Quoted identifier must not be empty.');
      parts.push(quoted[1].replaceAll('""', '"'));
      rest = rest.slice(quoted[0].length);
    } else if (plain !== null) {
      parts.push(plain[0].toLowerCase());
      rest = rest.slice(plain[0].length);
    } else if (rest.startsWith('"')) throw notIdentifier(text, 'String has unclosed double quotes.');
    else if (rest.startsWith('.')) throw notIdentifier(text, 'No valid identifier before ".".');
    else throw first ? notIdentifier(text) : notIdentifier(text, 'No valid identifier after ".".');
    rest = rest.trimStart();
    if (!rest.startsWith('.')) break;
    rest = rest.slice(1).trimStart();
  }
  if (rest !== '' && strict) throw notIdentifier(text);
  return listOf(parts);
}

const table: { [primitive: string]: Implementation } = {
  'json.at': at,
  'json.at.text': atText,
  'jsonb.at': at,
  'jsonb.at.text': atText,
  'json.object.list': (list: ArrayValue) => jsonObject(pairsOf(list)),
  'json.object.lists': (a: ArrayValue, b: ArrayValue) => jsonObject(twoLists(a, b)),
  'jsonb.object.list': (list: ArrayValue) => jsonbObjectOf(pairsOf(list)),
  'jsonb.object.lists': (a: ArrayValue, b: ArrayValue) => jsonbObjectOf(twoLists(a, b)),
  'jsonb.delete.at': (text: string, path: ArrayValue) => writeJsonb(deletePath(parseJson(text), textsOf(path))),
  'jsonb.delete.keys': deleteKeys,
  'jsonb.hasAny': (text: string, keys: ArrayValue) => {
    const node = parseJson(text);
    return textsOf(keys).some((key) => hasKey(node, key));
  },
  'jsonb.hasAll': (text: string, keys: ArrayValue) => {
    const node = parseJson(text);
    return textsOf(keys).every((key) => key === null || hasKey(node, key));
  },
  'jsonb.setAt': (text: string, path: ArrayValue, value: string) => setAt(text, path, value),
  'jsonb.setAt.create': setAt,
  'jsonb.setLax': setLax,
  'jsonb.setLax.create': setLax,
  'jsonb.setLax.treatment': setLax,
  'jsonb.insertAt': (text: string, path: ArrayValue, value: string) =>
    writeJsonb(insertPath(parseJson(text), textsOf(path), parseJson(value), false)),
  'jsonb.insertAt.after': (text: string, path: ArrayValue, value: string, after: boolean) =>
    writeJsonb(insertPath(parseJson(text), textsOf(path), parseJson(value), after)),
  'array.toJson': (array: ArrayValue, element: string, context: ValueContext) => jsonText(`${element}[]`, array, context),
  'array.toJson.pretty': (array: ArrayValue, pretty: boolean, element: string, context: ValueContext) => {
    const text = jsonText(`${element}[]`, array, context);
    return pretty ? withLines(text) : text;
  },
  'record.toJson': (record: RecordValue, type: string, context: ValueContext) => jsonText(type, record, context),
  'record.toJson.pretty': (record: RecordValue, pretty: boolean, type: string, context: ValueContext) => {
    const text = jsonText(type, record, context);
    return pretty ? withLines(text) : text;
  },
  'text.regexpMatch': regexpMatch,
  'text.regexpMatch.flags': regexpMatch,
  'text.regexpSplitArray': (text: string, pattern: string) => listOf(splitByRegex(text, pattern, '')),
  'text.regexpSplitArray.flags': (text: string, pattern: string, flags: string) => listOf(splitByRegex(text, pattern, flags)),
  'text.parseIdent': (text: string) => parseIdent(text),
  'text.parseIdent.strict': parseIdent,
  'session.schemas': (implied: boolean, context: ValueContext) => {
    const path = [...(context.searchPath ?? [context.schema])].filter((name) => name !== '$user' && name !== '');
    return arrayOfItems('name', implied && !path.includes('pg_catalog') ? ['pg_catalog', ...path] : path);
  },
};
export const listFunctions: { readonly [primitive: string]: Implementation } = table;

// ---- rows ----

function each(values: readonly RowValue[]): () => RowValue | undefined {
  let place = 0;
  return () => (place < values.length ? values[place++] : undefined);
}
function objectOf(text: string, name: string): JsonNode {
  const node = parseJson(text, false);
  if (node.kind === 'object') return node;
  throw badParameter(`cannot call ${name} on ${node.kind === 'array' ? 'an array' : 'a scalar'}`);
}

/** A JSON array as the text of an array. */
function asArray(node: JsonNode, text: string): string {
  const parts = node.items.map((item) => {
    if (item.kind === 'null') return 'NULL';
    if (item.kind === 'array') return asArray(item, text);
    const plain = plainText(item, text) as string;
    return `"${plain.replace(/(["\\])/g, '\\$1')}"`;
  });
  return `{${parts.join(',')}}`;
}

/** The member of that name as a text of its column's type. */
function fieldOf(node: JsonNode, key: string, isJson: boolean, text: string): string | null {
  const index = node.keys.lastIndexOf(key);
  if (index < 0) return null;
  const item = node.items[index];
  if (isJson) return text.slice(item.start, item.end);
  if (item.kind === 'null') return null;
  return item.kind === 'array' ? asArray(item, text) : plainText(item, text);
}

function recordsOf(text: string, name: string): readonly JsonNode[] {
  const node = parseJson(text, false);
  if (node.kind !== 'array') throw badParameter(`cannot call ${name} on ${node.kind === 'object' ? 'an object' : 'a scalar'}`);
  if (node.items.some((item) => item.kind !== 'object')) throw badParameter(`argument of ${name} must be an array of objects`);
  return node.items;
}

const sets: { [primitive: string]: (...given: never[]) => () => RowValue | undefined } = {
  'text.regexpMatches': (text: string, pattern: string) => regexpMatches(text, pattern),
  'text.regexpMatches.flags': regexpMatches,
};
for (const type of ['json', 'jsonb']) {
  sets[`${type}.each.key`] = (text: string) =>
    each(parseJson(text).kind === 'object' ? parseJson(text).keys : objectOf(text, `${type}_each`).keys);
  sets[`${type}.each.value`] = (text: string) =>
    each(objectOf(text, `${type}_each`).items.map(({ start, end }) => text.slice(start, end)));
  sets[`${type}.each.valueText`] = (text: string) =>
    each(objectOf(text, `${type}_each_text`).items.map((item) => (item.kind === 'null' ? null : plainText(item, text))));
  sets[`${type}.record.field`] = (text: string, key: string, isJson: boolean) =>
    each([fieldOf(objectOf(text, `${type}_to_record`), key, isJson, text)]);
  sets[`${type}.recordset.field`] = (text: string, key: string, isJson: boolean) =>
    each(recordsOf(text, `${type}_to_recordset`).map((node) => fieldOf(node, key, isJson, text)));
}
export const listSetFunctions: { readonly [primitive: string]: (...given: never[]) => () => RowValue | undefined } = sets;
