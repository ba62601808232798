/**
 * Shorter ways through Chevrotain's methods CONSUME, SUBRULE, OR, OPTION and MANY.
 *
 * Its own take two to four stack frames a call, for recovery, syntax trees and a stack of rules that error messages name; grammars
 * here have none of these. Without them expressions and queries nest twice as deep on the same stack, and parsing is a third faster.
 * Recording is not touched: while a grammar is recorded, Chevrotain puts its recording methods on the parser itself.
 *
 * It relies on how Chevrotain 13.2.0 keeps its lookahead functions (grammar/keys.js); the tests of this folder and of every dialect
 * fail when that changes.
 */

import type { TokenType } from 'chevrotain';
import type { LookaheadFunction } from './lookahead-tables.ts';
import type { SqlToken } from './token.ts';

type Action = (this: unknown) => unknown;
type Guarded = Action | { readonly GATE?: () => boolean; readonly DEF: Action };

/** What OR may do: an action, or, with fewer frames, a rule by itself. ALT calls it while the grammar is recorded. */
export interface Alternative {
  readonly ALT: Action;
  readonly GATE?: () => boolean;
  /** Name of the rule, where it is made later than the alternative. */
  readonly ruleName?: string;
  rule?: RuleFunction;
  readonly ARGS?: readonly unknown[];
}

interface Internals {
  currRuleLookaheadFuncs: readonly LookaheadFunction[];
  lookaheadsOf(rule: string): readonly LookaheadFunction[];
  readonly tokVector: readonly SqlToken[];
  currIdx: number;
  consumeInternalError(): never;
  raiseNoAltException(occurrence: number, message: undefined): never;
  exportLexerState(): number;
}

/** A rule as Chevrotain makes it; its lookahead functions are kept with it once it was called. */
export interface RuleFunction {
  readonly ruleName: string;
  readonly originalGrammarAction: (...args: unknown[]) => unknown;
  lookaheads?: readonly LookaheadFunction[];
}

interface Call {
  readonly ARGS?: readonly unknown[];
}

const OR_KEY = 1 << 8;
const OPTION_KEY = 2 << 8;
const MANY_KEY = 3 << 8;

function consume(this: Internals, type: TokenType): SqlToken {
  const token = this.tokVector[this.currIdx + 1];
  if (token.tokenTypeIdx !== type.tokenTypeIdx && !isMember(type, token.tokenTypeIdx)) return this.consumeInternalError();
  this.currIdx++;
  return token;
}

const isMember = (category: TokenType, type: number): boolean =>
  (category.categoryMatchesMap as Record<number, boolean> | undefined)?.[type] === true;

function callRule(this: Internals, rule: RuleFunction, options?: Call): unknown {
  const outer = this.currRuleLookaheadFuncs;
  this.currRuleLookaheadFuncs = rule.lookaheads ??= this.lookaheadsOf(rule.ruleName);
  const action = rule.originalGrammarAction;
  const result = options === undefined ? action.call(this) : action.apply(this, options.ARGS as unknown[]);
  this.currRuleLookaheadFuncs = outer;
  return result;
}

function chooseFor(occurrence: number) {
  const key = OR_KEY | occurrence;
  return function choose(this: Internals, alternatives: readonly Alternative[]): unknown {
    const outer = this.currRuleLookaheadFuncs;
    const chosen = outer[key].call(this, alternatives) as number | undefined;
    if (chosen === undefined) return this.raiseNoAltException(occurrence, undefined);
    const alternative = alternatives[chosen];
    if (alternative.ruleName !== undefined) {
      alternative.rule ??= (this as unknown as { readonly [name: string]: RuleFunction })[alternative.ruleName];
    }
    const { rule } = alternative;
    if (rule === undefined) return alternative.ALT.call(this);
    // callRule in line: alternatives are where rules nest.
    this.currRuleLookaheadFuncs = rule.lookaheads ??= this.lookaheadsOf(rule.ruleName);
    const result =
      alternative.ARGS === undefined
        ? rule.originalGrammarAction.call(this)
        : rule.originalGrammarAction.apply(this, alternative.ARGS as unknown[]);
    this.currRuleLookaheadFuncs = outer;
    return result;
  };
}

function optionFor(occurrence: number) {
  const key = OPTION_KEY | occurrence;
  return function option(this: Internals, guarded: Guarded): unknown {
    if (typeof guarded === 'function') {
      return this.currRuleLookaheadFuncs[key].call(this) === true ? guarded.call(this) : undefined;
    }
    if (guarded.GATE !== undefined && !guarded.GATE.call(this)) return undefined;
    return this.currRuleLookaheadFuncs[key].call(this) === true ? guarded.DEF.call(this) : undefined;
  };
}

function manyFor(occurrence: number) {
  const key = MANY_KEY | occurrence;
  return function many(this: Internals, guarded: Guarded): void {
    const lookahead = this.currRuleLookaheadFuncs[key];
    const isPlain = typeof guarded === 'function';
    const action = isPlain ? guarded : guarded.DEF;
    const gate = isPlain ? undefined : guarded.GATE;
    for (;;) {
      if ((gate !== undefined && !gate.call(this)) || lookahead.call(this) !== true) return;
      const before = this.exportLexerState();
      action.call(this);
      if (this.exportLexerState() === before) return;
    }
  };
}

/** Puts the shorter ways on the prototype of all grammars. */
export function shortenCalls(grammar: object): void {
  const prototype = grammar as { [method: string]: unknown };
  for (let occurrence = 0; occurrence < 10; occurrence++) {
    const suffix = occurrence === 0 ? '' : String(occurrence);
    prototype[`CONSUME${suffix}`] = consume;
    prototype[`SUBRULE${suffix}`] = callRule;
    prototype[`OR${suffix}`] = chooseFor(occurrence);
    prototype[`OPTION${suffix}`] = optionFor(occurrence);
    prototype[`MANY${suffix}`] = manyFor(occurrence);
  }
  prototype.consume = function (this: Internals, _occurrence: number, type: TokenType): SqlToken {
    return consume.call(this, type);
  };
  prototype.subrule = function subrule(this: Internals, _occurrence: number, rule: RuleFunction, options?: Call): unknown {
    return callRule.call(this, rule, options);
  };
}
