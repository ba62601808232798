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
  /** 1 for each type of token it may begin with, categories as the types in them. */
  readonly types: Uint8Array;
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
const SEVERAL = -1;

export class OneTokenLookahead implements ILookaheadStrategy {
  private readonly firstOfRule = new Map<string, First>();
  private readonly typeCount: number;

  /** `typeCount`: one more than the highest number of a token type in the vocabulary. */
  constructor(typeCount: number) {
    this.typeCount = typeCount;
  }

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
    return function (this: unknown): boolean {
      return types[(this as Looking).LA_FAST(1).tokenTypeIdx] === 1;
    };
  }

  private first(production: IProduction): First {
    if (production instanceof Terminal) return this.terminal(production);
    if (production instanceof NonTerminal) return this.ruleFirst(production.referencedRule);
    const { definition } = production as Holder;
    if (production instanceof Alternation) return this.union(definition.map((one) => this.first(one)));
    const inside = this.sequence(definition);
    return isOptional(production) ? { types: inside.types, canBeEmpty: true } : inside;
  }

  private sequence(definition: readonly IProduction[]): First {
    if (definition.length === 1) return this.first(definition[0]);
    const types = new Uint8Array(this.typeCount);
    for (const part of definition) {
      const first = this.first(part);
      add(types, first.types);
      if (!first.canBeEmpty) return { types, canBeEmpty: false };
    }
    return { types, canBeEmpty: true };
  }

  private ruleFirst(rule: Rule): First {
    const known = this.firstOfRule.get(rule.name);
    if (known !== undefined) return known;
    this.firstOfRule.set(rule.name, { types: new Uint8Array(this.typeCount), canBeEmpty: true });
    const first = this.sequence(rule.definition);
    this.firstOfRule.set(rule.name, first);
    return first;
  }

  private terminal(terminal: Terminal): First {
    const { tokenTypeIdx, categoryMatches } = terminal.terminalType;
    const types = new Uint8Array(this.typeCount);
    types[tokenTypeIdx as number] = 1;
    for (const type of categoryMatches ?? []) types[type] = 1;
    return { types, canBeEmpty: false };
  }

  private union(firsts: readonly First[]): First {
    const types = new Uint8Array(this.typeCount);
    for (const first of firsts) add(types, first.types);
    return { types, canBeEmpty: firsts.some((first) => first.canBeEmpty) };
  }
}

function add(types: Uint8Array, more: Uint8Array): void {
  for (let type = 0; type < types.length; type++) types[type] |= more[type];
}

const isOptional = (production: IProduction): boolean =>
  production instanceof Option || production instanceof Repetition || production instanceof RepetitionWithSeparator;

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
  // The usual case, one alternative for a type: its index + 1. Several: SEVERAL, and the list.
  const only = new Int16Array(firsts[0].types.length);
  const several: number[][] = [];
  firsts.forEach(({ types, canBeEmpty }, index) => {
    for (let type = 0; type < types.length; type++) {
      if (types[type] === 0 && !canBeEmpty) continue;
      if (only[type] === NONE) only[type] = index + 1;
      else {
        several[type] ??= [only[type] - 1];
        several[type].push(index);
      }
    }
  });
  several.forEach((_list, type) => {
    only[type] = SEVERAL;
  });
  return function (this: Looking, alternatives: readonly Alternative[]): number | undefined {
    const type = this.LA_FAST(1).tokenTypeIdx;
    const single = only[type];
    if (single === NONE) return undefined;
    if (single === SEVERAL) return firstOpen(this, several[type], alternatives);
    const gate = alternatives[single - 1].GATE;
    return gate === undefined || gate.call(this) ? single - 1 : undefined;
  };
}

function firstOpen(parser: Looking, candidates: readonly number[], alternatives: readonly Alternative[]): number | undefined {
  for (const index of candidates) {
    const gate = alternatives[index].GATE;
    if (gate === undefined || gate.call(parser)) return index;
  }
  return undefined;
}
