/**
 * Paths into jsonb over the UTF-8 bytes of its canonical text: lax ones of keys, [*] and filters that compare with constants, which is
 * what filters over many rows are made of. Nothing is made but places. Hot: no allocation. What it cannot decide (a number of more than
 * 15 digits) is said, and the row is looked at as json-path-run.ts does.
 */

import { quoteJson } from './json.ts';
import { parseJsonPath } from './json-path-parse.ts';
import { type Comparison, isPredicate, type Path } from './json-path-tree.ts';

export const PATH_FALSE = 0;
export const PATH_TRUE = 1;
export const PATH_UNKNOWN = 2;
/** To be decided in another way. */
export const PATH_UNDECIDED = -1;

const KEY = 0;
const ANY_ELEMENT = 1;
const FILTER = 2;

interface Step {
  readonly kind: number;
  /** KEY: in its quotes, with the colon. */
  readonly key: Uint8Array;
  readonly test: Test | null;
}
interface Comparing {
  readonly operator: Comparison;
  readonly kind: 'null' | 'boolean' | 'number' | 'string';
  readonly number: number;
  /** A string in its quotes; true or false. */
  readonly bytes: Uint8Array;
}
type Test =
  | { readonly kind: 'and' | 'or'; readonly left: Test; readonly right: Test }
  | { readonly kind: 'not'; readonly operand: Test }
  | { readonly kind: 'exists'; readonly fromRoot: boolean; readonly steps: readonly Step[] }
  | { readonly kind: 'compare'; readonly fromRoot: boolean; readonly steps: readonly Step[]; readonly with: Comparing };

export interface BytePath {
  /** Of @?: whether the path gives something; of @@: the predicate. */
  readonly test: Test;
}

const NONE = new Uint8Array(0);
const SHORT_DIGITS = 15;
const FLIPPED: { readonly [operator in Comparison]: Comparison } = {
  '==': '==',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

function stepsOf(path: Path): { fromRoot: boolean; steps: Step[] } | null {
  const { kind } = path.node;
  if (kind !== 'root' && kind !== 'current') return null;
  const steps: Step[] = [];
  for (const accessor of path.accessors) {
    if (accessor.kind === 'key') steps.push({ kind: KEY, key: Buffer.from(accessor.quoted), test: null });
    else if (accessor.kind === 'anyElement') steps.push({ kind: ANY_ELEMENT, key: NONE, test: null });
    else if (accessor.kind === 'filter') {
      const test = testOf(accessor.test);
      if (test === null) return null;
      steps.push({ kind: FILTER, key: NONE, test });
    } else return null;
  }
  return { fromRoot: kind === 'root', steps };
}

function constantOf({ node, accessors }: Path, operator: Comparison): Comparing | null {
  if (node.kind !== 'literal' || accessors.length > 0) return null;
  const { type, text } = node;
  const isOrder = operator !== '==' && operator !== '!=';
  if (type === 'number') {
    const isShort = text.replace(/[-.]/g, '').length <= SHORT_DIGITS;
    return isShort ? { operator, kind: type, number: Number(text), bytes: NONE } : null;
  }
  if (isOrder) return null;
  return { operator, kind: type, number: 0, bytes: Buffer.from(type === 'string' ? quoteJson(text) : text) };
}

function testOf({ node, accessors }: Path): Test | null {
  if (accessors.length > 0) return null;
  switch (node.kind) {
    case 'and':
    case 'or': {
      const left = testOf(node.left);
      const right = testOf(node.right);
      return left === null || right === null ? null : { kind: node.kind, left, right };
    }
    case 'not': {
      const operand = testOf(node.operand);
      return operand === null ? null : { kind: 'not', operand };
    }
    case 'exists': {
      const steps = stepsOf(node.operand);
      return steps === null ? null : { kind: 'exists', ...steps };
    }
    case 'compare': {
      const isFlipped = node.left.node.kind === 'literal';
      const [value, constant] = isFlipped ? [node.right, node.left] : [node.left, node.right];
      const steps = stepsOf(value);
      const compared = constantOf(constant, isFlipped ? FLIPPED[node.operator] : node.operator);
      return steps === null || compared === null ? null : { kind: 'compare', ...steps, with: compared };
    }
    default:
      return null;
  }
}

const KEPT_MAX = 200;
const kept = new Map<string, BytePath | null>();

/** For @? (`exists`) or @@; null where it needs more. Kept for the next call. 42601 ... */
export function bytePathOf(text: string, exists: boolean): BytePath | null {
  const key = exists ? `?${text}` : text;
  let path = kept.get(key);
  if (path === undefined) {
    path = compiled(text, exists);
    if (kept.size >= KEPT_MAX) kept.clear();
    kept.set(key, path);
  }
  return path;
}

function compiled(text: string, exists: boolean): BytePath | null {
  const { strict, path } = parseJsonPath(text);
  if (strict) return null;
  if (!exists) {
    const test = isPredicate(path) ? testOf(path) : null;
    return test === null ? null : { test };
  }
  const steps = stepsOf(path);
  return steps === null ? null : { test: { kind: 'exists', ...steps } };
}

// ---- over bytes ----

const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_OBJECT = 123;
const OPEN_ARRAY = 91;
const CLOSE_OBJECT = 125;
const CLOSE_ARRAY = 93;
const COMMA = 44;

/** Behind the string that begins there. */
function skipString(u8: Uint8Array, start: number): number {
  let at = start + 1;
  for (let byte = u8[at]; byte !== QUOTE; byte = u8[at]) at += byte === BACKSLASH ? 2 : 1;
  return at + 1;
}

const PLAIN = 0;
const OPENS = 2;
const CLOSES = 3;
const SEPARATES = 4;
/** What a byte outside strings is. */
const ROLES = new Uint8Array(256);
ROLES[QUOTE] = 1;
ROLES[OPEN_OBJECT] = ROLES[OPEN_ARRAY] = OPENS;
ROLES[CLOSE_OBJECT] = ROLES[CLOSE_ARRAY] = CLOSES;
ROLES[COMMA] = SEPARATES;

/** Behind the value that begins there. */
function skipValue(u8: Uint8Array, start: number, end: number): number {
  const first = ROLES[u8[start]];
  if (first === 1) return skipString(u8, start);
  let at = start + 1;
  if (first === PLAIN) {
    while (at < end && ROLES[u8[at]] === PLAIN) at++;
    return at;
  }
  for (let depth = 1; ; ) {
    const role = ROLES[u8[at]];
    if (role === 1) {
      at = skipString(u8, at);
      continue;
    }
    at++;
    if (role === OPENS) depth++;
    else if (role === CLOSES && --depth === 0) return at;
  }
}

/** Where the value of a key begins; -1: there is none. */
function memberAt(u8: Uint8Array, object: number, end: number, key: Uint8Array): number {
  let at = object + 1;
  if (u8[at] === CLOSE_OBJECT) return -1;
  const { length } = key;
  for (;;) {
    let same = 0;
    while (same < length && u8[at + same] === key[same]) same++;
    if (same === length) return at + length + 1;
    at = skipValue(u8, skipString(u8, at) + 2, end);
    if (u8[at] === CLOSE_OBJECT) return -1;
    at += 2;
  }
}

/** What the run that goes on has met: only one does at a time. */
let last = 0;
let root = 0;
let metUnknown = false;
let isUndecided = false;

/** Whether the steps lead to something; with a comparison: to something that it holds for. */
function follow(
  u8: Uint8Array,
  steps: readonly Step[],
  index: number,
  at: number,
  unwraps: boolean,
  compared: Comparing | null,
): boolean {
  if (index === steps.length) return compared === null || holdsFor(u8, compared, at);
  const { kind, key, test } = steps[index];
  const first = u8[at];
  if (kind === KEY && first === OPEN_OBJECT) {
    const found = memberAt(u8, at, last, key);
    return found >= 0 && follow(u8, steps, index + 1, found, true, compared);
  }
  if (first === OPEN_ARRAY && (kind === ANY_ELEMENT || unwraps)) return followAll(u8, steps, index, at, compared);
  if (kind === KEY) return false;
  if (kind === FILTER && run(u8, test as Test, at) !== PATH_TRUE) return false;
  return follow(u8, steps, index + 1, at, true, compared);
}

/** The same for each element. */
function followAll(u8: Uint8Array, steps: readonly Step[], index: number, array: number, compared: Comparing | null): boolean {
  const isStep = steps[index].kind === ANY_ELEMENT;
  const next = isStep ? index + 1 : index;
  let at = array + 1;
  if (u8[at] === CLOSE_ARRAY) return false;
  for (;;) {
    if (follow(u8, steps, next, at, isStep, compared)) return true;
    at = skipValue(u8, at, last);
    if (u8[at] === CLOSE_ARRAY) return false;
    at += 2;
  }
}

/** An array is taken apart, once. */
function holdsFor(u8: Uint8Array, compared: Comparing, value: number): boolean {
  if (u8[value] !== OPEN_ARRAY) return compareAt(u8, compared, value) === PATH_TRUE;
  let at = value + 1;
  if (u8[at] === CLOSE_ARRAY) return false;
  for (;;) {
    if (compareAt(u8, compared, at) === PATH_TRUE) return true;
    at = skipValue(u8, at, last);
    if (u8[at] === CLOSE_ARRAY) return false;
    at += 2;
  }
}

function unknown(): number {
  metUnknown = true;
  return PATH_UNKNOWN;
}

function compareAt(u8: Uint8Array, { operator, kind, number, bytes: constant }: Comparing, at: number): number {
  const first = u8[at];
  if (first === OPEN_ARRAY || first === OPEN_OBJECT)
    return kind === 'null' ? (operator === '!=' ? PATH_TRUE : PATH_FALSE) : unknown();
  const isNull = first === 110;
  if (isNull !== (kind === 'null')) return operator === '!=' ? PATH_TRUE : PATH_FALSE;
  if (isNull) return operator === '==' ? PATH_TRUE : PATH_FALSE;
  const isString = first === QUOTE;
  const isBoolean = first === 116 || first === 102;
  if (isString !== (kind === 'string') || isBoolean !== (kind === 'boolean')) return unknown();
  if (!isString && !isBoolean) return compareNumber(u8, operator, number, at);
  let same = 0;
  while (same < constant.length && u8[at + same] === constant[same]) same++;
  return (same === constant.length) === (operator === '==') ? PATH_TRUE : PATH_FALSE;
}

const POWERS = Float64Array.from({ length: SHORT_DIGITS + 1 }, (_, power) => 10 ** power);

/** Decimals of at most 15 digits are as doubles what they are themselves: equal or in the same order. */
function compareNumber(u8: Uint8Array, operator: Comparison, number: number, start: number): number {
  let at = start;
  const isNegative = u8[at] === 45;
  if (isNegative) at++;
  let value = 0;
  let digits = 0;
  let behind = -1;
  for (; at < last; at++) {
    const byte = u8[at];
    if (byte === 46) behind = 0;
    else if (byte >= 48 && byte <= 57) {
      value = value * 10 + byte - 48;
      digits++;
      if (behind >= 0) behind++;
    } else break;
  }
  if (digits > SHORT_DIGITS) {
    isUndecided = true;
    return PATH_FALSE;
  }
  if (behind > 0) value /= POWERS[behind];
  const difference = (isNegative ? -value : value) - number;
  switch (operator) {
    case '==':
      return difference === 0 ? PATH_TRUE : PATH_FALSE;
    case '!=':
      return difference !== 0 ? PATH_TRUE : PATH_FALSE;
    case '<':
      return difference < 0 ? PATH_TRUE : PATH_FALSE;
    case '<=':
      return difference <= 0 ? PATH_TRUE : PATH_FALSE;
    case '>':
      return difference > 0 ? PATH_TRUE : PATH_FALSE;
    default:
      return difference >= 0 ? PATH_TRUE : PATH_FALSE;
  }
}

function run(u8: Uint8Array, test: Test, current: number): number {
  switch (test.kind) {
    case 'and': {
      const left = run(u8, test.left, current);
      if (left === PATH_FALSE) return PATH_FALSE;
      const right = run(u8, test.right, current);
      return right === PATH_TRUE ? left : right;
    }
    case 'or': {
      const left = run(u8, test.left, current);
      if (left === PATH_TRUE) return PATH_TRUE;
      const right = run(u8, test.right, current);
      return right === PATH_FALSE ? left : right;
    }
    case 'not': {
      const truth = run(u8, test.operand, current);
      return truth === PATH_UNKNOWN ? PATH_UNKNOWN : 1 - truth;
    }
    case 'exists':
      return follow(u8, test.steps, 0, test.fromRoot ? root : current, true, null) ? PATH_TRUE : PATH_FALSE;
    case 'compare': {
      const outer = metUnknown;
      metUnknown = false;
      const found = follow(u8, test.steps, 0, test.fromRoot ? root : current, true, test.with);
      const answer = found ? PATH_TRUE : metUnknown ? PATH_UNKNOWN : PATH_FALSE;
      metUnknown = outer;
      return answer;
    }
  }
}

/** PATH_TRUE, PATH_FALSE, PATH_UNKNOWN, or PATH_UNDECIDED. Hot. */
export function testPathBytes({ test }: BytePath, memory: Uint8Array, from: number, length: number): number {
  root = from;
  last = from + length;
  isUndecided = false;
  metUnknown = false;
  const answer = run(memory, test, from);
  return isUndecided ? PATH_UNDECIDED : answer;
}
