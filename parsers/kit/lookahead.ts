/**
 * Lookahead of one token, from FIRST sets that are computed once per rule.
 *
 * Chevrotain's own strategy walks the paths of every alternative anew and evaluates all predicates of an OR before it looks at the
 * token. This one makes a table per OR: token type -> the alternatives that may begin with it. One alternative: it is taken. Several:
 * the first whose GATE holds. It makes a grammar several times faster to build and to run. Ambiguities are found by Chevrotain's
 * validations, which tests run (validateGrammar in kit/grammar.ts).
 *
 * An alternative or a repetition that can be empty matches every token.
 */

import {
  Alternation,
  type ILookaheadStrategy,
  type ILookaheadValidationError,
  type IProduction,
  LLkLookaheadStrategy,
  NonTerminal,
  Option,
  Repetition,
  RepetitionMandatory,
  RepetitionMandatoryWithSeparator,
  RepetitionWithSeparator,
  type Rule,
  Terminal,
  type TokenType,
} from 'chevrotain';

interface First {
  /** Types of tokens it may begin with, categories as the types in them. */
  readonly types: ReadonlySet<number>;
  readonly canBeEmpty: boolean;
}

/** A production that holds others. */
type Holder = IProduction & { readonly definition: readonly IProduction[]; readonly idx: number };

/** The parser as lookahead functions see it. */
interface Looking {
  LA_FAST(howMuch: number): { readonly tokenTypeIdx: number };
}

interface Alternative {
  GATE?: (() => boolean) | undefined;
}

const EMPTY: First = { types: new Set(), canBeEmpty: true };
const KINDS = {
  Alternation,
  Option,
  Repetition,
  RepetitionMandatory,
  RepetitionMandatoryWithSeparator,
  RepetitionWithSeparator,
};
type Kind = keyof typeof KINDS;
const NONE = 0;

export class OneTokenLookahead implements ILookaheadStrategy {
  private readonly firstOfRule = new Map<string, First>();

  validate(options: { rules: Rule[]; tokenTypes: TokenType[]; grammarName: string }): ILookaheadValidationError[] {
    return new LLkLookaheadStrategy({ maxLookahead: 1 }).validate(options);
  }

  buildLookaheadForAlternation(options: {
    prodOccurrence: number;
    rule: Rule;
  }): (this: unknown, alternatives?: readonly Alternative[]) => number | undefined {
    const alternation = find(options.rule, 'Alternation', options.prodOccurrence);
    const firsts = alternation.definition.map((alternative) => this.first(alternative));
    return alternationFunction(firsts) as (this: unknown, alternatives?: readonly Alternative[]) => number | undefined;
  }

  buildLookaheadForOptional(options: { prodOccurrence: number; prodType: Kind; rule: Rule }): (this: unknown) => boolean {
    const production = find(options.rule, options.prodType, options.prodOccurrence);
    const { types, canBeEmpty } = this.sequence(production.definition);
    if (canBeEmpty) return () => true;
    const begins = new Uint8Array(Math.max(...types) + 1);
    for (const type of types) begins[type] = 1;
    return function (this: unknown): boolean {
      return begins[(this as Looking).LA_FAST(1).tokenTypeIdx] === 1;
    };
  }

  private first(production: IProduction): First {
    if (production instanceof Terminal) return terminalFirst(production);
    if (production instanceof NonTerminal) return this.ruleFirst(production.referencedRule);
    const { definition } = production as Holder;
    if (production instanceof Alternation) return union(definition.map((one) => this.first(one)));
    const inside = this.sequence(definition);
    return isOptional(production) ? { types: inside.types, canBeEmpty: true } : inside;
  }

  private sequence(definition: readonly IProduction[]): First {
    const types = new Set<number>();
    for (const part of definition) {
      const first = this.first(part);
      for (const type of first.types) types.add(type);
      if (!first.canBeEmpty) return { types, canBeEmpty: false };
    }
    return { types, canBeEmpty: true };
  }

  private ruleFirst(rule: Rule): First {
    const known = this.firstOfRule.get(rule.name);
    if (known !== undefined) return known;
    this.firstOfRule.set(rule.name, EMPTY);
    const first = this.sequence(rule.definition);
    this.firstOfRule.set(rule.name, first);
    return first;
  }
}

const isOptional = (production: IProduction): boolean =>
  production instanceof Option || production instanceof Repetition || production instanceof RepetitionWithSeparator;

function terminalFirst(terminal: Terminal): First {
  const { tokenTypeIdx, categoryMatches } = terminal.terminalType;
  return { types: new Set([tokenTypeIdx as number, ...(categoryMatches ?? [])]), canBeEmpty: false };
}

function union(firsts: readonly First[]): First {
  const types = new Set<number>();
  for (const first of firsts) for (const type of first.types) types.add(type);
  return { types, canBeEmpty: firsts.some((first) => first.canBeEmpty) };
}

/** The production of a kind with an occurrence, anywhere in a rule. */
function find(rule: Rule, kind: Kind, occurrence: number): Holder {
  const found = search(rule.definition, kind, occurrence);
  if (found === undefined) throw new Error(`rule ${rule.name} has no ${kind} ${occurrence}`);
  return found;
}

function search(definition: readonly IProduction[], kind: Kind, occurrence: number): Holder | undefined {
  for (const part of definition) {
    if (part instanceof Terminal || part instanceof NonTerminal) continue;
    const holder = part as Holder;
    if (part instanceof KINDS[kind] && holder.idx === occurrence) return holder;
    const inside = search(holder.definition, kind, occurrence);
    if (inside !== undefined) return inside;
  }
  return undefined;
}

/** Alternative for the next token, or undefined. */
function alternationFunction(
  firsts: readonly First[],
): (this: Looking, alternatives: readonly Alternative[]) => number | undefined {
  const candidates: number[][] = [];
  for (const type of union(firsts).types) candidates[type] = [];
  const always: number[] = [];
  firsts.forEach((first, index) => {
    if (first.canBeEmpty) {
      always.push(index);
      for (const list of candidates) list?.push(index);
    } else for (const type of first.types) candidates[type].push(index);
  });
  // The usual case, one alternative: its index + 1 in a flat table.
  const only = new Int16Array(Math.max(candidates.length, 1));
  candidates.forEach((list, type) => {
    if (list.length === 1) only[type] = list[0] + 1;
  });
  return function (this: Looking, alternatives: readonly Alternative[]): number | undefined {
    const type = this.LA_FAST(1).tokenTypeIdx;
    const single = type < only.length ? only[type] : NONE;
    if (single !== NONE) {
      const gate = alternatives[single - 1].GATE;
      return gate === undefined || gate.call(this) ? single - 1 : undefined;
    }
    return firstOpen(this, candidates[type] ?? always, alternatives);
  };
}

function firstOpen(parser: Looking, candidates: readonly number[], alternatives: readonly Alternative[]): number | undefined {
  for (const index of candidates) {
    const gate = alternatives[index].GATE;
    if (gate === undefined || gate.call(parser)) return index;
  }
  return undefined;
}
