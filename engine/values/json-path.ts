/** Changes of jsonb at a path, given as the text of an array: `{a,0,"b c"}`. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { badParameter } from './errors.ts';
import { type JsonNode, jsonbObject, jsonNode } from './json.ts';

const ELEMENT = /\s*(?:"((?:[^"\\]|\\.)*)"|((?:[^"\\{},\s]|\\.)(?:[^"\\{},]|\\.)*))\s*([,}])/y;

/** Elements of an array of texts, null for NULL. 22P02. */
export function pathOf(text: string): (string | null)[] {
  const bad = (): SqlError => new SqlError(SQLSTATE.invalid_text_representation, `malformed array literal: "${text}"`);
  const body = text.trim();
  if (!body.startsWith('{')) throw bad();
  if (/^\{\s*\}$/.test(body)) return [];
  const path: (string | null)[] = [];
  let at = 1;
  for (;;) {
    ELEMENT.lastIndex = at;
    const match = ELEMENT.exec(body);
    if (match === null) throw bad();
    const word = match[1] ?? match[2].trimEnd();
    path.push(match[1] === undefined && word.toLowerCase() === 'null' ? null : word.replace(/\\(.)/gs, '$1'));
    at = ELEMENT.lastIndex;
    if (match[3] === '}') break;
  }
  if (at !== body.length) throw bad();
  return path;
}

const isContainer = (node: JsonNode): boolean => node.kind === 'array' || node.kind === 'object';

function keyAt(path: readonly (string | null)[], depth: number): string {
  const key = path[depth];
  if (key === null) {
    throw new SqlError(SQLSTATE.null_value_not_allowed, `path element at position ${depth + 1} is null`);
  }
  return key;
}
/** Number of an element as a path names it, counted from the start; may lie outside. */
function indexAt(node: JsonNode, path: readonly (string | null)[], depth: number): number {
  const key = keyAt(path, depth);
  if (!/^\s*[+-]?\d+$/.test(key)) {
    const message = `path element at position ${depth + 1} is not an integer: "${key}"`;
    throw new SqlError(SQLSTATE.invalid_text_representation, message);
  }
  const index = Number(key);
  return index < 0 ? node.items.length + index : index;
}
const array = (items: readonly JsonNode[]): JsonNode => jsonNode('array', '', items);
const replaced = <Item>(items: readonly Item[], index: number, ...by: Item[]): Item[] => [
  ...items.slice(0, index),
  ...by,
  ...items.slice(index + 1),
];

export function deletePath(node: JsonNode, path: readonly (string | null)[], depth = 0): JsonNode {
  if (depth === 0 && !isContainer(node)) throw badParameter('cannot delete path in scalar');
  if (depth >= path.length || (depth === 0 && node.items.length === 0)) return node;
  const isLast = depth === path.length - 1;
  if (node.kind === 'object') {
    const index = node.keys.indexOf(keyAt(path, depth));
    if (index < 0) return node;
    if (isLast) return { ...node, items: replaced(node.items, index), keys: replaced(node.keys, index) };
    return { ...node, items: replaced(node.items, index, deletePath(node.items[index], path, depth + 1)) };
  }
  if (node.kind !== 'array') return node;
  const index = indexAt(node, path, depth);
  if (index < 0 || index >= node.items.length) return node;
  return array(
    isLast ? replaced(node.items, index) : replaced(node.items, index, deletePath(node.items[index], path, depth + 1)),
  );
}

export function setPath(node: JsonNode, path: readonly (string | null)[], value: JsonNode, create: boolean, depth = 0): JsonNode {
  if (depth === 0 && !isContainer(node)) throw badParameter('cannot set path in scalar');
  if (depth >= path.length || (depth === 0 && !create && node.items.length === 0)) return node;
  const isLast = depth === path.length - 1;
  const changed = (old: JsonNode): JsonNode => (isLast ? value : setPath(old, path, value, create, depth + 1));
  if (node.kind === 'object') {
    const key = keyAt(path, depth);
    const index = node.keys.indexOf(key);
    if (index >= 0) return { ...node, items: replaced(node.items, index, changed(node.items[index])) };
    return isLast && create ? jsonbObject([...node.keys, key], [...node.items, value]) : node;
  }
  if (node.kind !== 'array') return node;
  const index = indexAt(node, path, depth);
  if (index >= 0 && index < node.items.length) return array(replaced(node.items, index, changed(node.items[index])));
  if (!isLast || !create) return node;
  return array(index < 0 ? [value, ...node.items] : [...node.items, value]);
}

export function insertPath(
  node: JsonNode,
  path: readonly (string | null)[],
  value: JsonNode,
  after: boolean,
  depth = 0,
): JsonNode {
  if (depth === 0 && !isContainer(node)) throw badParameter('cannot set path in scalar');
  if (depth >= path.length) return node;
  const isLast = depth === path.length - 1;
  if (node.kind === 'object') {
    const key = keyAt(path, depth);
    const index = node.keys.indexOf(key);
    if (isLast && index >= 0) {
      throw badParameter('cannot replace existing key', 'Try using the function jsonb_set to replace key value.');
    }
    if (isLast) return jsonbObject([...node.keys, key], [...node.items, value]);
    if (index < 0) return node;
    return { ...node, items: replaced(node.items, index, insertPath(node.items[index], path, value, after, depth + 1)) };
  }
  if (node.kind !== 'array') return node;
  const index = indexAt(node, path, depth);
  const inside = index >= 0 && index < node.items.length;
  if (isLast) {
    const at = inside ? index + (after ? 1 : 0) : index < 0 ? 0 : node.items.length;
    return array([...node.items.slice(0, at), value, ...node.items.slice(at)]);
  }
  if (!inside) return node;
  return array(replaced(node.items, index, insertPath(node.items[index], path, value, after, depth + 1)));
}
