/**
 * What a condition asks of an inverted index (gin): which tokens a row must have to fulfil it, at the least.
 *
 *   every    each row may: all entries are read
 *   none     no row can
 *   token    rows with the token;  and, or: of several
 *
 * Rows that are found are looked at with the condition itself; so a question may find too many, never too few.
 */

import type { ArrayValue } from '../../engine/storage/rows/nested-value.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import type { TokenClass } from '../../engine/storage/rows/runtime.ts';
import { jsonNode, type JsonNode, parseJson } from '../../engine/values/json.ts';
import { parseJsonPath } from '../../engine/values/json-path-parse.ts';
import type { Accessor, Path } from '../../engine/values/json-path-tree.ts';
import { elementToken, jsonPathTokens, jsonTokens, nameToken, noToken, pathToken, type Token, valueToken } from './gin-tokens.ts';

export type TokenQuery =
  | { readonly kind: 'every' | 'none' }
  | { readonly kind: 'token'; readonly token: Token }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly TokenQuery[] };

const EVERY: TokenQuery = { kind: 'every' };
const NONE: TokenQuery = { kind: 'none' };

const one = (token: Token): TokenQuery => ({ kind: 'token', token });

function all(parts: readonly TokenQuery[]): TokenQuery {
  if (parts.some(({ kind }) => kind === 'none')) return NONE;
  const left = parts.filter(({ kind }) => kind !== 'every');
  return left.length === 0 ? EVERY : left.length === 1 ? left[0] : { kind: 'and', parts: left };
}

function any(parts: readonly TokenQuery[]): TokenQuery {
  if (parts.some(({ kind }) => kind === 'every')) return EVERY;
  const left = parts.filter(({ kind }) => kind !== 'none');
  return left.length === 0 ? NONE : left.length === 1 ? left[0] : { kind: 'or', parts: left };
}

const listed = (make: (take: (token: Token) => void) => void): TokenQuery[] => {
  const parts: TokenQuery[] = [];
  make((token) => parts.push(one(token)));
  return parts;
};

/** What `primitive(column, value)` asks of the column at this place of the index; `value` is not NULL. */
export function tokenQuery(tokens: TokenClass, place: number, primitive: string, value: RowValue): TokenQuery {
  switch (primitive) {
    case 'jsonb.contains': {
      const node = parseJson(value as string);
      if (tokens === 'jsonb_ops') return all(listed((take) => jsonTokens(place, node, true, take)));
      return all(listed((take) => jsonPathTokens(place, node, [], take)));
    }
    case 'jsonb.hasKey':
      return one(nameToken(place, value as string));
    case 'jsonb.hasAny':
    case 'jsonb.hasAll': {
      const names = (value as ArrayValue).items.filter((item) => item !== null);
      return (primitive === 'jsonb.hasAll' ? all : any)(names.map((name) => one(nameToken(place, name as string))));
    }
    case 'jsonb.pathExists':
    case 'jsonb.pathMatch': {
      const { path } = parseJsonPath(value as string);
      const asked = new PathQuery(tokens, place);
      return primitive === 'jsonb.pathExists' ? asked.exists(path, []) : asked.holds(path, []);
    }
    default:
      return arrayQuery(place, primitive, value as ArrayValue);
  }
}

function arrayQuery(place: number, primitive: string, { element, items }: ArrayValue): TokenQuery {
  const tokens = (of: readonly RowValue[]): TokenQuery[] => of.map((item) => one(elementToken(place, element, item)));
  const present = items.filter((item) => item !== null);
  switch (primitive) {
    case 'array.contains':
      // A NULL is contained in nothing.
      return present.length < items.length ? NONE : all(tokens(items));
    case 'array.contained':
      return any([...tokens(present), one(noToken(place))]);
    case 'array.overlaps':
      return any(tokens(present));
    default:
      return items.length === 0 ? one(noToken(place)) : all(tokens(items));
  }
}

/** Members that lead to what a path stands at; null: it is not known. */
type Way = readonly string[] | null;

/** What a path asks. Where it is not understood it asks nothing. */
class PathQuery {
  readonly #tokens: TokenClass;
  readonly #place: number;

  constructor(tokens: TokenClass, place: number) {
    this.#tokens = tokens;
    this.#place = place;
  }

  /** The path gives an item at least. `from`: what @ stands at. */
  exists(path: Path, from: Way): TokenQuery {
    const { node } = path;
    if (node.kind !== 'root' && node.kind !== 'current') {
      // What tells true, false or unknown always is an item.
      return EVERY;
    }
    return this.#walk(path.accessors, node.kind === 'root' ? [] : from).asked;
  }

  /** A way through members; what it needs of a row that has something there. */
  #walk(accessors: readonly Accessor[], from: Way): { readonly asked: TokenQuery; readonly way: Way; readonly isValue: boolean } {
    const parts: TokenQuery[] = [];
    let way = from;
    for (const accessor of accessors) {
      switch (accessor.kind) {
        case 'key':
          if (this.#tokens === 'jsonb_ops') parts.push(one(nameToken(this.#place, accessor.name)));
          way = way === null ? null : [...way, accessor.name];
          break;
        case 'anyElement':
        case 'elements':
          break;
        case 'filter':
          parts.push(this.holds(accessor.test, way));
          break;
        case 'method':
          // It gives nothing of nothing; what it gives of something need not stand in the row.
          return { asked: all(parts), way: null, isValue: false };
        default:
          way = null;
      }
    }
    return { asked: all(parts), way, isValue: true };
  }

  /** The predicate is true. */
  holds(path: Path, from: Way): TokenQuery {
    const { node } = path;
    // What follows a predicate makes another value of it.
    if (path.accessors.length > 0) return node.kind === 'root' || node.kind === 'current' ? this.exists(path, from) : EVERY;
    switch (node.kind) {
      case 'root':
      case 'current':
        return this.exists(path, from);
      case 'and':
        return all([this.holds(node.left, from), this.holds(node.right, from)]);
      case 'or':
        return any([this.holds(node.left, from), this.holds(node.right, from)]);
      case 'exists':
        return this.exists(node.operand, from);
      case 'likeRegex':
        return this.exists(node.operand, from);
      case 'startsWith':
        return all([this.exists(node.left, from), this.exists(node.right, from)]);
      case 'compare': {
        const both = all([this.exists(node.left, from), this.exists(node.right, from)]);
        if (node.operator !== '==') return both;
        const equal = this.#equal(node.left, node.right, from) ?? this.#equal(node.right, node.left, from);
        return equal === null ? both : all([both, equal]);
      }
      default:
        return EVERY;
    }
  }

  /** A way that ends at a value, and a literal. */
  #equal(path: Path, literal: Path, from: Way): TokenQuery | null {
    const { node } = literal;
    if (node.kind !== 'literal' || literal.accessors.length > 0) return null;
    if (path.node.kind !== 'root' && path.node.kind !== 'current') return null;
    const { way, isValue } = this.#walk(path.accessors, path.node.kind === 'root' ? [] : from);
    if (!isValue) return null;
    const value: JsonNode = jsonNode(node.type, node.text);
    if (this.#tokens === 'jsonb_path_ops') return way === null ? null : one(pathToken(this.#place, way, value));
    const plain = one(valueToken(this.#place, value));
    return node.type === 'string' ? any([plain, one(nameToken(this.#place, node.text))]) : plain;
  }
}
