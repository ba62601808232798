/**
 * Where names of WITH RECURSIVE are read, in the source form: which items read which, and whether a recursion reads itself only where
 * it may: once, in its second term, where each round's rows are simply put in.
 */

import { foldParts } from '../../sblr/resolve-type.ts';
import type { DialectSemantics } from '../../sblr/semantics.ts';
import type { SourceCte, SourceJoinNode, SourceNode, SourceSetOperationNode, SourceWith } from '../../sblr/source.gen.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { fault } from './errors.ts';

/** What a reference stands in; 'fine': it may. */
type Place = 'fine' | 'its non-recursive term' | 'a subquery' | 'an outer join' | 'INTERSECT' | 'EXCEPT';
type Visit = (name: string, place: Place, at: number) => void;

class References {
  private readonly semantics: DialectSemantics;
  private readonly visit: Visit;

  constructor(semantics: DialectSemantics, visit: Visit) {
    this.semantics = semantics;
    this.visit = visit;
  }

  /** `hidden`: names that a WITH further in has for itself. */
  walk(node: unknown, place: Place, hidden: readonly string[]): void {
    if (Array.isArray(node)) for (const item of node) this.walk(item, place, hidden);
    if (typeof node !== 'object' || node === null || Array.isArray(node)) return;
    const source = node as SourceNode;
    switch (source.op) {
      case 'tableRef': {
        const parts = foldParts(source.name, this.semantics);
        if (parts.length === 1 && !hidden.includes(parts[0])) this.visit(parts[0], place, source.name.at);
        return;
      }
      case 'join':
        return this.join(source, place, hidden);
      case 'subquery':
        return this.walk(source.query, 'a subquery', hidden);
      case 'inQuery':
      case 'quantified':
        this.walk(source.query, 'a subquery', hidden);
        return this.fields({ ...source, query: null }, place, hidden);
      case 'name':
      case 'alias':
        return;
    }
    const inside = 'with' in source && source.with !== null ? this.with(source.with as SourceWith, place, hidden) : hidden;
    if (source.op === 'setOperation') return this.setOperation(source, place, inside);
    this.fields({ ...source, with: null }, place, inside);
  }

  private fields(node: object, place: Place, hidden: readonly string[]): void {
    for (const value of Object.values(node)) if (typeof value === 'object') this.walk(value, place, hidden);
  }

  private with(source: SourceWith, place: Place, around: readonly string[]): readonly string[] {
    const names = source.items.map((item) => this.nameOf(item));
    let hidden = source.recursive ? [...around, ...names] : [...around];
    for (const [index, item] of source.items.entries()) {
      this.walk(item.statement, place, hidden);
      if (!source.recursive) hidden = [...hidden, names[index]];
    }
    return hidden;
  }

  nameOf({ name, quoted }: SourceCte): string {
    return foldParts({ op: 'name', at: 0, parts: [name], quoted: [quoted] }, this.semantics)[0];
  }

  private join(source: SourceJoinNode, place: Place, hidden: readonly string[]): void {
    const lacking: Place = place === 'fine' ? 'an outer join' : place;
    const { kind } = source;
    this.walk(source.left, kind === 'right' || kind === 'full' ? lacking : place, hidden);
    this.walk(source.right, kind === 'left' || kind === 'full' ? lacking : place, hidden);
    this.walk(source.on, place, hidden);
  }

  private setOperation(source: SourceSetOperationNode, place: Place, hidden: readonly string[]): void {
    const { kind, all, left, right } = source;
    const isFine = place === 'fine';
    const within: Place = kind === 'intersect' ? 'INTERSECT' : 'EXCEPT';
    this.walk(left, isFine && kind !== 'union' && all ? within : place, hidden);
    this.walk(right, isFine && (kind === 'except' || (kind === 'intersect' && all)) ? within : place, hidden);
    this.fields({ order: source.order, limit: source.limit, offset: source.offset }, place, hidden);
  }
}

/** Names that a query reads, besides those that it defines for itself. */
export function namesRead(query: unknown, semantics: DialectSemantics): Set<string> {
  const names = new Set<string>();
  new References(semantics, (name) => names.add(name)).walk(query, 'fine', []);
  return names;
}

/** The items of WITH RECURSIVE so that each comes behind those that it reads. 0A000 */
export function inOrderOfUse(items: readonly SourceCte[], names: readonly string[], semantics: DialectSemantics): number[] {
  const left = new Map(items.map((item, index) => [index, namesRead(item.statement, semantics)]));
  const order: number[] = [];
  while (left.size > 0) {
    const waits = (reads: Set<string>, own: number): boolean =>
      [...left.keys()].some((index) => index !== own && reads.has(names[index]));
    const next = [...left].find(([index, reads]) => !waits(reads, index));
    if (next === undefined) {
      const [first] = left.keys();
      throw fault(SQLSTATE.feature_not_supported, 'mutual recursion between WITH items is not implemented', items[first].at);
    }
    left.delete(next[0]);
    order.push(next[0]);
  }
  return order;
}

/** 42P19, 0A000 */
export function mustBeWellFormed(
  source: SourceCte,
  name: string,
  query: SourceSetOperationNode,
  semantics: DialectSemantics,
): void {
  let count = 0;
  const references = new References(semantics, (found, place, at) => {
    if (found !== name) return;
    const refused = place === 'fine' ? (count++ > 0 ? 'more than once' : null) : `within ${place}`;
    if (refused === null) return;
    throw fault(SQLSTATE.invalid_recursion, `recursive reference to query "${name}" must not appear ${refused}`, at);
  });
  if (query.with !== null) references.walk(query.with.items, 'a subquery', []);
  const hidden = query.with === null ? [] : query.with.items.map((item) => references.nameOf(item));
  references.walk(query.left, 'its non-recursive term', hidden);
  references.walk(query.right, 'fine', hidden);
  const tails: readonly (readonly [string, { readonly at: number } | null | undefined])[] = [
    ['ORDER BY', query.order[0]],
    ['OFFSET', query.offset],
    ['LIMIT', query.limit],
    ['FOR UPDATE/SHARE', query.locking[0]],
  ];
  for (const [what, at] of tails)
    if (at) throw fault(SQLSTATE.feature_not_supported, `${what} in a recursive query is not implemented`, at.at);
  if (count === 0) throw notRecursive(source, name);
}

export const notRecursive = (source: SourceCte, name: string) =>
  fault(
    SQLSTATE.invalid_recursion,
    `recursive query "${name}" does not have the form non-recursive-term UNION [ALL] recursive-term`,
    source.at,
  );
