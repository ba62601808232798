/** Paths into jsonb (type jsonpath): their trees, and how a tree is written. */

import { quoteJson } from './json.ts';

export type Arithmetic = '+' | '-' | '*' | '/' | '%';
export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** What comes behind a value. */
export type Accessor =
  | { readonly kind: 'key'; readonly name: string; readonly quoted: string }
  | { readonly kind: 'anyKey' }
  | { readonly kind: 'anyElement' }
  | { readonly kind: 'any'; readonly first: number; readonly last: number }
  | { readonly kind: 'elements'; readonly ranges: readonly { readonly from: Path; readonly to: Path | null }[] }
  | { readonly kind: 'method'; readonly name: string; readonly argument: string | null }
  | { readonly kind: 'filter'; readonly test: Path };

/** Where nothing else is said, what follows is applied to what the node gives. */
export type PathNode =
  | { readonly kind: 'root' | 'current' | 'last' }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'literal'; readonly type: 'null' | 'boolean' | 'number' | 'string'; readonly text: string }
  | { readonly kind: 'arithmetic'; readonly operator: Arithmetic; readonly left: Path; readonly right: Path }
  | { readonly kind: 'unary'; readonly operator: '+' | '-'; readonly operand: Path }
  | { readonly kind: 'compare'; readonly operator: Comparison; readonly left: Path; readonly right: Path }
  | { readonly kind: 'and' | 'or'; readonly left: Path; readonly right: Path }
  | { readonly kind: 'not' | 'unknown' | 'exists'; readonly operand: Path }
  | { readonly kind: 'startsWith'; readonly left: Path; readonly right: Path }
  | { readonly kind: 'likeRegex'; readonly operand: Path; readonly pattern: string; readonly flags: string };

export interface Path {
  readonly node: PathNode;
  readonly accessors: readonly Accessor[];
}

export interface JsonPath {
  readonly strict: boolean;
  readonly path: Path;
}

const PREDICATES = new Set(['compare', 'and', 'or', 'not', 'unknown', 'exists', 'startsWith', 'likeRegex']);
/** Tells true, false or unknown; with something behind it, it is a value. */
export const isPredicate = (path: Path): boolean => PREDICATES.has(path.node.kind) && path.accessors.length === 0;

export const ANY_LAST = 0xffffffff;

// ---- written ----

function priority({ node, accessors }: Path): number {
  // What follows is written behind it: only the node itself counts.
  if (accessors.length >= 0) {
    switch (node.kind) {
      case 'or':
        return 0;
      case 'and':
        return 1;
      case 'compare':
      case 'startsWith':
        return 2;
      case 'arithmetic':
        return node.operator === '+' || node.operator === '-' ? 3 : 4;
      case 'unary':
        return 5;
      default:
    }
  }
  return 6;
}

const OPERATORS: { readonly [kind: string]: string } = { and: '&&', or: '||', startsWith: 'starts with' };

function writeNode(path: Path, brackets: boolean): string {
  const { node } = path;
  const inner = (operand: Path): string => writePath(operand, priority(operand) <= priority(path));
  const enclosed = (text: string): string => (brackets ? `(${text})` : text);
  switch (node.kind) {
    case 'root':
      return '$';
    case 'current':
      return '@';
    case 'last':
      return 'last';
    case 'variable':
      return `$${quoteJson(node.name)}`;
    case 'literal':
      if (node.type === 'number' && path.accessors.length > 0) return `(${node.text})`;
      return node.type === 'string' ? quoteJson(node.text) : node.text;
    case 'unary':
      return enclosed(`${node.operator}${inner(node.operand)}`);
    case 'not':
      return `!(${writePath(node.operand, false)})`;
    case 'unknown':
      return `(${writePath(node.operand, false)}) is unknown`;
    case 'exists':
      return `exists (${writePath(node.operand, false)})`;
    case 'likeRegex': {
      const flags = node.flags === '' ? '' : ` flag "${node.flags}"`;
      return enclosed(`${inner(node.operand)} like_regex ${quoteJson(node.pattern)}${flags}`);
    }
    case 'arithmetic':
    case 'compare':
      return enclosed(`${inner(node.left)} ${node.operator} ${inner(node.right)}`);
    default:
      return enclosed(`${inner(node.left)} ${OPERATORS[node.kind]} ${inner(node.right)}`);
  }
}

const level = (value: number): string => (value === ANY_LAST ? 'last' : String(value));

function writeAny(first: number, last: number): string {
  if (first === 0 && last === ANY_LAST) return '.**';
  return first === last ? `.**{${level(first)}}` : `.**{${level(first)} to ${level(last)}}`;
}

function writeAccessor(accessor: Accessor): string {
  switch (accessor.kind) {
    case 'key':
      return `.${quoteJson(accessor.name)}`;
    case 'anyKey':
      return '.*';
    case 'anyElement':
      return '[*]';
    case 'any':
      return writeAny(accessor.first, accessor.last);
    case 'method':
      return `.${accessor.name}(${accessor.argument === null ? '' : quoteJson(accessor.argument)})`;
    case 'filter':
      return `?(${writePath(accessor.test, false)})`;
    case 'elements': {
      const ranges = accessor.ranges.map(
        ({ from, to }) => writePath(from, false) + (to === null ? '' : ` to ${writePath(to, false)}`),
      );
      return `[${ranges.join(',')}]`;
    }
  }
}

const writePath = (path: Path, brackets: boolean): string =>
  writeNode(path, brackets || path.accessors.length > 0) + path.accessors.map(writeAccessor).join('');

export const writeJsonPath = ({ strict, path }: JsonPath): string => `${strict ? 'strict ' : ''}${writePath(path, true)}`;
