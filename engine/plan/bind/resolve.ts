/**
 * Which operator or function is meant by argument types, and the common type of several expressions. It reads the dialect's
 * tables and nothing else. Here the algorithm `postgresql` (its documentation, chapter 10 'Type Conversion'); `mysql`:
 * resolve-by-cost.ts.
 */

import { typeRule } from '../../sblr/resolve-type.ts';
import type { AggregateSignature, CastContext, CastRule, DialectSemantics, Signature } from '../../sblr/semantics.ts';
import { elementOf, isNestedType, isPolymorphic, isRowType, typeId, type TypeName } from '../../sblr/types.ts';
import { concretize, fitsPolymorphic } from './polymorphic.ts';
import { cheapest, cheapestType } from './resolve-by-cost.ts';

/** A signature for this number of arguments: variadic ones are spread out. */
export interface Candidate {
  readonly signature: Signature | AggregateSignature;
  readonly types: readonly TypeName[];
  readonly result: TypeName;
}

export type Resolution =
  | { readonly found: Candidate }
  /** Nothing fits, or several fit equally well. */
  | { readonly found: null; readonly ambiguous: boolean };

const casts = new WeakMap<DialectSemantics, ReadonlyMap<string, CastRule>>();

/** The cast from one type to another, if the dialect has one. */
export function castRule(from: TypeName, to: TypeName, semantics: DialectSemantics): CastRule | undefined {
  let map = casts.get(semantics);
  if (map === undefined) {
    map = new Map(semantics.casts.map((rule) => [`${rule.from} ${rule.to}`, rule]));
    casts.set(semantics, map);
  }
  return map.get(`${from} ${to}`) ?? structuralCast(from, to, semantics);
}

const STRINGS: readonly TypeName[] = ['text', 'varchar', 'char', 'name'];
/** Types without rules of their own in the tables: what holds of them follows from what they are made of. */
const isMade = (name: TypeName): boolean => isNestedType(name) || typeId(name) > 0;

/** Casts of arrays, rows, ranges and enums: by their elements, and to and from text. */
function structuralCast(from: TypeName, to: TypeName, semantics: DialectSemantics): CastRule | undefined {
  const [inner, wanted] = [elementOf(from), elementOf(to)];
  if (inner !== null && wanted !== null) {
    if (inner === wanted) return { from, to, context: 'implicit', primitive: 'array.convert', given: [wanted, ''] };
    const rule = castRule(inner, wanted, semantics);
    if (rule === undefined) return undefined;
    const given = [wanted, rule.primitive ?? '', ...(rule.given ?? [])];
    return { from, to, context: rule.context, primitive: 'array.convert', given };
  }
  if (isRowType(from) && isRowType(to))
    return { from, to, context: to === 'record' ? 'implicit' : 'assignment', primitive: 'record.convert', given: [to] };
  if (isMade(to) && from === 'unknown') return { from, to, context: 'implicit', primitive: 'text.to.any', given: [to] };
  if (isMade(to) && STRINGS.includes(from)) return { from, to, context: 'explicit', primitive: 'text.to.any', given: [to] };
  if (isMade(from) && STRINGS.includes(to)) return { from, to, context: 'assignment', primitive: 'any.to.text', given: [from] };
  return undefined;
}

const RANK: { readonly [context in CastContext]: number } = { implicit: 0, assignment: 1, explicit: 2 };

/** May a value of one type become another in this context? `unknown` becomes anything. */
export function canCast(from: TypeName, to: TypeName, context: CastContext, semantics: DialectSemantics): boolean {
  if (from === to || from === 'unknown' || to === 'any') return true;
  if (isPolymorphic(to)) return fitsPolymorphic(from, to);
  const rule = castRule(from, to, semantics);
  return rule !== undefined && RANK[rule.context] <= RANK[context];
}

const category = (name: TypeName, semantics: DialectSemantics): string => typeRule(name, semantics)?.category ?? 'X';
const isPreferred = (name: TypeName, semantics: DialectSemantics): boolean => typeRule(name, semantics)?.preferred === true;

/** Signatures that take this many arguments. */
function candidatesFor(signatures: readonly Signature[], count: number): Candidate[] {
  const candidates: Candidate[] = [];
  for (const signature of signatures) {
    const types = signature.arguments;
    const { result } = signature;
    if (types.length === count) candidates.push({ signature, types, result });
    else if (signature.variadic === true && count >= types.length - 1) {
      const last = types[types.length - 1];
      candidates.push({ signature, types: Array.from({ length: count }, (_, index) => types[index] ?? last), result });
    } else if (signature.optionalFrom !== undefined && count >= signature.optionalFrom && count < types.length) {
      candidates.push({ signature, types: types.slice(0, count), result });
    }
  }
  return candidates;
}

const best = (candidates: readonly Candidate[], score: (candidate: Candidate) => number): Candidate[] => {
  const scores = candidates.map(score);
  const top = Math.max(...scores);
  return candidates.filter((_, index) => scores[index] === top);
};

const count = (types: readonly TypeName[], test: (type: TypeName, index: number) => boolean): number =>
  types.reduce((sum, type, index) => (test(type, index) ? sum + 1 : sum), 0);

/** One of several: rules 4.c to 4.f of chapter 10.3. Null: no best one. */
function select(given: readonly TypeName[], all: readonly Candidate[], semantics: DialectSemantics): Candidate | null {
  const exact = (candidate: Candidate) => count(given, (type, index) => type !== 'unknown' && candidate.types[index] === type);
  let candidates = best(all, exact);
  if (candidates.length === 1) return candidates[0];
  candidates = best(candidates, (candidate) =>
    count(given, (type, index) => {
      if (type === 'unknown') return false;
      const wanted = candidate.types[index];
      return wanted === type || (category(wanted, semantics) === category(type, semantics) && isPreferred(wanted, semantics));
    }),
  );
  if (candidates.length === 1) return candidates[0];
  const unknown = given.flatMap((type, index) => (type === 'unknown' ? [index] : []));
  if (unknown.length === 0) return null;
  candidates = [...byUnknown(unknown, candidates, semantics)];
  if (candidates.length === 1) return candidates[0];
  return unknown.length < given.length ? byKnown(given, candidates, semantics) : null;
}

/** Unknown arguments: strings where a candidate takes them, else the one category that all take; preferred types in it. */
function byUnknown(slots: readonly number[], all: readonly Candidate[], semantics: DialectSemantics): readonly Candidate[] {
  let candidates = all;
  const chosen: { slot: number; category: string; preferred: boolean }[] = [];
  for (const slot of slots) {
    const categories = all.map((candidate) => category(candidate.types[slot], semantics));
    const wanted = categories.includes('S') ? 'S' : categories[0];
    if (wanted !== 'S' && categories.some((other) => other !== wanted)) return all;
    const preferred = all.some(({ types }) => category(types[slot], semantics) === wanted && isPreferred(types[slot], semantics));
    chosen.push({ slot, category: wanted, preferred });
  }
  candidates = all.filter(({ types }) =>
    chosen.every(
      ({ slot, category: wanted, preferred }) =>
        category(types[slot], semantics) === wanted && (!preferred || isPreferred(types[slot], semantics)),
    ),
  );
  return candidates.length > 0 ? candidates : all;
}

/** All known arguments of one type: the unknown ones are taken to be of it too. */
function byKnown(given: readonly TypeName[], candidates: readonly Candidate[], semantics: DialectSemantics): Candidate | null {
  const known = given.filter((type) => type !== 'unknown');
  if (known.some((type) => type !== known[0])) return null;
  const all = given.map(() => known[0]);
  const fitting = candidates.filter((candidate) => fits(candidate, all, semantics));
  return fitting.length === 1 ? fitting[0] : null;
}

const sameTypes = (a: readonly TypeName[], b: readonly TypeName[]): boolean => a.every((type, index) => type === b[index]);

/** Resolutions by signatures and types: a dialect's tables do not change, and statements repeat themselves. */
const memos = new WeakMap<DialectSemantics, WeakMap<readonly Signature[], Map<string, Resolution>>>();

/** The signature that argument types mean. */
export function resolveSignature(
  signatures: readonly Signature[],
  given: readonly TypeName[],
  semantics: DialectSemantics,
): Resolution {
  const memo = memoOf(signatures, semantics);
  const key = given.length <= MEMO_ARGUMENTS_MAX && !given.some((type) => type.includes(':')) ? given.join(' ') : null;
  const known = key === null ? undefined : memo.get(key);
  if (known !== undefined) return known;
  const resolution = resolveAnew(signatures, given, semantics);
  if (key !== null) memo.set(key, resolution);
  return resolution;
}

const MEMO_ARGUMENTS_MAX = 3;

function memoOf(signatures: readonly Signature[], semantics: DialectSemantics): Map<string, Resolution> {
  let ofDialect = memos.get(semantics);
  if (ofDialect === undefined) memos.set(semantics, (ofDialect = new WeakMap()));
  let memo = ofDialect.get(signatures);
  if (memo === undefined) ofDialect.set(signatures, (memo = new Map()));
  return memo;
}

const choose = (given: readonly TypeName[], fitting: readonly Candidate[], semantics: DialectSemantics): Candidate | null =>
  semantics.algorithm === 'mysql' ? cheapest(given, fitting, semantics) : select(given, fitting, semantics);

function resolveAnew(signatures: readonly Signature[], given: readonly TypeName[], semantics: DialectSemantics): Resolution {
  const candidates = candidatesFor(signatures, given.length);
  const exact = candidates.find(({ types }) => sameTypes(types, given));
  if (exact !== undefined) return { found: exact };
  const fitting = candidates.filter((candidate) => fits(candidate, given, semantics));
  if (fitting.length === 0) return { found: null, ambiguous: false };
  const found = fitting.length === 1 ? fitting[0] : choose(given, fitting, semantics);
  return found === null ? { found: null, ambiguous: true } : { found: concrete(found, given, semantics) ?? found };
}

/** Arguments of these types may stand for the candidate's. */
const fits = (candidate: Candidate, given: readonly TypeName[], semantics: DialectSemantics): boolean =>
  candidate.types.every((type, index) => canCast(given[index], type, 'implicit', semantics)) &&
  (!candidate.types.some(isPolymorphic) || mayBe(candidate, given, semantics));

/** Of unknown arguments only, names stand for nothing yet: that is found out when nothing else fits. */
const mayBe = (candidate: Candidate, given: readonly TypeName[], semantics: DialectSemantics): boolean =>
  given.every((type, index) => type === 'unknown' || !isPolymorphic(candidate.types[index])) ||
  concrete(candidate, given, semantics) !== null;

/** The candidate with types in place of names. */
function concrete(candidate: Candidate, given: readonly TypeName[], semantics: DialectSemantics): Candidate | null {
  const found = concretize(candidate.types, candidate.result, given, sharedType, semantics);
  return found === null ? null : { ...candidate, ...found };
}

/** The common type to which all can be cast. */
function sharedType(types: readonly TypeName[], semantics: DialectSemantics): TypeName | null {
  const { type, clash } = commonType(types, semantics);
  if (type === null || clash >= 0) return null;
  return types.every((one) => canCast(one, type, 'implicit', semantics)) ? type : null;
}

/** The same for an operator: an unknown operand is first taken to be of the other's type (rule 2.a of 10.2). */
export function resolveOperator(name: string, given: readonly TypeName[], semantics: DialectSemantics): Resolution {
  const signatures = semantics.operators[name] ?? [];
  const [left, right] = given;
  if (given.length === 2 && (left === 'unknown') !== (right === 'unknown')) {
    const known = left === 'unknown' ? right : left;
    const exact = candidatesFor(signatures, 2).find(({ types }) => types[0] === known && types[1] === known);
    if (exact !== undefined) return { found: exact };
  }
  return resolveSignature(signatures, given, semantics);
}

/** The common type of several (10.5), or the two that do not go together. All unknown: null. */
export function commonType(
  types: readonly TypeName[],
  semantics: DialectSemantics,
): { readonly type: TypeName | null; readonly clash: number } {
  if (semantics.algorithm === 'mysql') return cheapestType(types, semantics);
  let chosen: TypeName | null = null;
  for (const [index, type] of types.entries()) {
    if (type === 'unknown' || type === chosen) continue;
    if (chosen === null) chosen = type;
    else if (category(chosen, semantics) !== category(type, semantics)) return { type: chosen, clash: index };
    else if (
      !isPreferred(chosen, semantics) &&
      canCast(chosen, type, 'implicit', semantics) &&
      !canCast(type, chosen, 'implicit', semantics)
    )
      chosen = type;
  }
  return { type: chosen, clash: -1 };
}
