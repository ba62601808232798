/** Order, equality and containment of jsonb: null < string < number < boolean < array < object; longer arrays and objects are greater. */

import { compareNumerics } from './decimal-short.ts';
import { type JsonKind, type JsonNode, parseJson } from './json.ts';
import { compareTexts } from './compare.ts';

export const JSON_RANK: { readonly [kind in JsonKind]: number } = {
  null: 0,
  string: 1,
  number: 2,
  boolean: 3,
  array: 4,
  object: 5,
};

export function compareNodes(a: JsonNode, b: JsonNode): number {
  if (a.kind !== b.kind) return JSON_RANK[a.kind] - JSON_RANK[b.kind];
  switch (a.kind) {
    case 'null':
      return 0;
    case 'number':
      return compareNumerics(a.value, b.value);
    case 'string':
    case 'boolean':
      return compareTexts(a.value, b.value);
    default:
      return compareContainers(a, b);
  }
}

function compareContainers(a: JsonNode, b: JsonNode): number {
  if (a.items.length !== b.items.length) return a.items.length - b.items.length;
  for (let index = 0; index < a.items.length; index++) {
    if (a.kind === 'object') {
      const byKey = compareTexts(a.keys[index], b.keys[index]);
      if (byKey !== 0) return byKey;
    }
    const byItem = compareNodes(a.items[index], b.items[index]);
    if (byItem !== 0) return byItem;
  }
  return 0;
}

export function compareJsonb(a: string, b: string): number {
  if (a === b) return 0;
  const left = parseJson(a);
  const right = parseJson(b);
  // An empty array comes before everything: a scalar counts as an array of one.
  const isEmpty = (node: JsonNode): boolean => node.kind === 'array' && node.items.length === 0;
  if (isEmpty(left) !== isEmpty(right) && (JSON_RANK[left.kind] < 4 || JSON_RANK[right.kind] < 4)) return isEmpty(left) ? -1 : 1;
  return Math.sign(compareNodes(left, right));
}

/** Does `a` hold everything that `b` has, at the same places? */
export function containsNode(a: JsonNode, b: JsonNode, isTop = true): boolean {
  if (b.kind === 'object') {
    return a.kind === 'object' && b.keys.every((key, index) => containsField(a, key, b.items[index]));
  }
  if (b.kind === 'array')
    return a.kind === 'array' && b.items.every((item) => a.items.some((one) => containsNode(one, item, false)));
  // An array may hold a bare scalar, at the top only.
  if (a.kind === 'array' && isTop) return a.items.some((item) => compareNodes(item, b) === 0);
  return a.kind === b.kind && compareNodes(a, b) === 0;
}
function containsField(a: JsonNode, key: string, value: JsonNode): boolean {
  const index = a.keys.indexOf(key);
  return index >= 0 && containsNode(a.items[index], value, false);
}
