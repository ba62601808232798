/**
 * Lookahead of one token, from FIRST sets that are computed once per rule.
 *
 * Chevrotain's own strategy walks the paths of every alternative anew and evaluates all predicates of an OR before it looks at the
 * token. This one notes for each alternative the token types that it may begin with (lookahead-tables.ts says how it is chosen by
 * them). It makes a grammar several times faster to build and to run. Ambiguities are found by Chevrotain's validations, which tests
 * run (`validate` in kit/grammar.ts).
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
import { type Choice, EVERY, encodeSet, type LookaheadTables, typeCountOf } from './lookahead-tables.ts';

interface First {
  /** 1 for each type of token it may begin with, categories as the types in them. */
  readonly types: Uint8Array;
  readonly canBeEmpty: boolean;
}

/** A production that holds others. */
type Holder = IProduction & { readonly definition: readonly IProduction[]; readonly idx: number };

const KINDS = {
  Alternation,
  Option,
  Repetition,
  RepetitionMandatory,
  RepetitionMandatoryWithSeparator,
  RepetitionWithSeparator,
};
type Kind = keyof typeof KINDS;

/** Chevrotain's keys of lookahead functions: these and the occurrence (grammar/keys.js). */
const KEYS: { readonly [kind in Kind]: number } = {
  Alternation: 1 << 8,
  Option: 2 << 8,
  Repetition: 3 << 8,
  RepetitionMandatory: 4 << 8,
  RepetitionWithSeparator: 5 << 8,
  RepetitionMandatoryWithSeparator: 6 << 8,
};

export class OneTokenLookahead implements ILookaheadStrategy {
  private readonly firstOfRule = new Map<string, First>();
  private readonly vocabulary: readonly TokenType[];
  private readonly typeCount: number;
  private readonly setNumbers = new Map<string, number>();
  private readonly rules: { [rule: string]: Choice[] } = {};

  constructor(vocabulary: readonly TokenType[]) {
    this.vocabulary = vocabulary;
    this.typeCount = typeCountOf(vocabulary);
  }

  /** What was noted of all rules. */
  tables(): LookaheadTables {
    return { sets: [...this.setNumbers.keys()], rules: this.rules };
  }

  validate(options: { rules: Rule[]; tokenTypes: TokenType[]; grammarName: string }): ILookaheadValidationError[] {
    return new LLkLookaheadStrategy({ maxLookahead: 1 }).validate(options);
  }

  buildLookaheadForAlternation(options: { prodOccurrence: number; rule: Rule }): () => number | undefined {
    const { rule, prodOccurrence } = options;
    const alternation = find(rule, 'Alternation', prodOccurrence);
    const choice = alternation.definition.map((alternative) => this.numberOf(this.first(alternative)));
    this.note(rule, KEYS.Alternation | prodOccurrence, choice);
    return notUsed;
  }

  buildLookaheadForOptional(options: { prodOccurrence: number; prodType: Kind; rule: Rule }): () => boolean {
    const { rule, prodType, prodOccurrence } = options;
    const production = find(rule, prodType, prodOccurrence);
    this.note(rule, KEYS[prodType] | prodOccurrence, this.numberOf(this.sequence(production.definition)));
    return notUsed;
  }

  private note(rule: Rule, key: number, choice: Choice): void {
    this.rules[rule.name] ??= [];
    this.rules[rule.name].push(key, choice);
  }

  private numberOf({ types, canBeEmpty }: First): number {
    if (canBeEmpty) return EVERY;
    const text = encodeSet(types, this.vocabulary);
    const known = this.setNumbers.get(text) ?? this.setNumbers.size;
    this.setNumbers.set(text, known);
    return known;
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

/** Chevrotain wants functions; those that are called are made of the tables. */
function notUsed(): never {
  throw new Error('what a grammar was recorded with is not run');
}
