/**
 * What a grammar has to know to choose by the next token, as data: made by recording the grammar (lookahead.ts), and turned into
 * functions when a rule is first called. Recording takes some milliseconds, so the build does it and puts the data into the
 * product; in the sources each thread records for itself.
 *
 *   sets    sets of token types: 6 of the vocabulary's types a character, in its order
 *   rules   rule name -> [key, choice, key, choice, ...]; a key is Chevrotain's (short-calls.ts)
 *   choice  of OPTION, MANY ...: the number of the set that it goes on with; of OR: the set of each alternative
 *           EVERY: what can be empty goes with every token
 */

import type { TokenType } from 'chevrotain';

export type Choice = number | readonly number[];

export interface LookaheadTables {
  readonly sets: readonly string[];
  readonly rules: { readonly [rule: string]: readonly Choice[] };
}

/** Number of the set of all tokens. */
export const EVERY = -1;

/** The parser as lookahead functions see it. */
interface Looking {
  LA_FAST(howMuch: number): { readonly tokenTypeIdx: number };
}

interface Alternative {
  readonly GATE?: () => boolean;
}

export type LookaheadFunction = (this: unknown, alternatives?: unknown) => unknown;

const NONE = 0;
const SEVERAL = -1;
const FIRST_CHARACTER = 48;
const BITS = 6;

/** Characters from '0' on; a set's end without members is left out. */
export function encodeSet(members: Uint8Array, vocabulary: readonly TokenType[]): string {
  const codes: number[] = [];
  for (let at = 0; at < vocabulary.length; at += BITS) {
    let code = 0;
    for (let bit = 0; bit < BITS && at + bit < vocabulary.length; bit++) {
      code |= members[vocabulary[at + bit].tokenTypeIdx as number] << bit;
    }
    codes.push(FIRST_CHARACTER + code);
  }
  return String.fromCharCode(...codes).replace(/0+$/, '');
}

/** One more than the highest number of a type. */
export const typeCountOf = (vocabulary: readonly TokenType[]): number =>
  1 + vocabulary.reduce((highest, type) => Math.max(highest, type.tokenTypeIdx as number), 0);

/** The numbers of the types in a set. */
function decodeSet(text: string, vocabulary: readonly TokenType[]): number[] {
  const members: number[] = [];
  for (let at = 0; at < text.length; at++) {
    for (let bits = text.charCodeAt(at) - FIRST_CHARACTER; bits !== 0; bits &= bits - 1) {
      members.push(vocabulary[at * BITS + 31 - Math.clz32(bits & -bits)].tokenTypeIdx as number);
    }
  }
  return members;
}

/** The functions of a grammar, rule by rule as they are asked for. */
export class Lookahead {
  private readonly tables: LookaheadTables;
  private readonly vocabulary: readonly TokenType[];
  private readonly typeCount: number;
  private readonly sets: (readonly number[] | undefined)[] = [];
  private readonly every: readonly number[];

  constructor(tables: LookaheadTables, vocabulary: readonly TokenType[]) {
    this.tables = tables;
    this.vocabulary = vocabulary;
    this.typeCount = typeCountOf(vocabulary);
    this.every = vocabulary.map((type) => type.tokenTypeIdx as number);
  }

  /** Those of a rule by their keys. */
  ofRule(rule: string): readonly LookaheadFunction[] {
    const functions: LookaheadFunction[] = [];
    const choices = this.tables.rules[rule] ?? [];
    for (let at = 0; at < choices.length; at += 2) {
      const choice = choices[at + 1];
      functions[choices[at] as number] = typeof choice === 'number' ? this.optional(choice) : this.alternation(choice);
    }
    return functions;
  }

  private set(choice: number): readonly number[] {
    if (choice === EVERY) return this.every;
    return (this.sets[choice] ??= decodeSet(this.tables.sets[choice], this.vocabulary));
  }

  private optional(choice: number): LookaheadFunction {
    if (choice === EVERY) return () => true;
    const set = new Uint8Array(this.typeCount);
    for (const type of this.set(choice)) set[type] = 1;
    return function (this: unknown): boolean {
      return set[(this as Looking).LA_FAST(1).tokenTypeIdx] === 1;
    };
  }

  private alternation(choices: readonly number[]): LookaheadFunction {
    // The usual case, one alternative for a type: its index + 1. Several: SEVERAL, and the list.
    const only = new Int16Array(this.typeCount);
    const several: number[][] = [];
    choices.forEach((choice, index) => {
      for (const type of this.set(choice)) {
        if (only[type] === NONE) only[type] = index + 1;
        else if (only[type] === SEVERAL) several[type].push(index);
        else {
          several[type] = [only[type] - 1, index];
          only[type] = SEVERAL;
        }
      }
    });
    return chooser(only, several) as LookaheadFunction;
  }
}

/** Alternative for the next token, or undefined: the only one that begins with it, or the first whose GATE holds. */
function chooser(only: Int16Array, several: readonly number[][]) {
  return function (this: Looking, alternatives: readonly Alternative[]): number | undefined {
    const type = this.LA_FAST(1).tokenTypeIdx;
    const single = only[type];
    if (single === NONE) return undefined;
    if (single === SEVERAL) return firstOpen(this, several[type], alternatives);
    const gate = alternatives[single - 1].GATE;
    return gate === undefined || gate.call(this as never) ? single - 1 : undefined;
  };
}

function firstOpen(parser: Looking, candidates: readonly number[], alternatives: readonly Alternative[]): number | undefined {
  for (const index of candidates) {
    const gate = alternatives[index].GATE;
    if (gate === undefined || gate.call(parser as never)) return index;
  }
  return undefined;
}

// ---- what the build prepared ----

/** By the names of the grammars. esbuild puts the value in its place (codegen/package/build.ts). */
declare const PREPARED_LOOKAHEAD: { readonly [grammar: string]: LookaheadTables } | undefined;

/** The tables that the build made of a grammar; undefined in the sources, and for a dialect that was not there. */
export const preparedLookahead = (grammar: string): LookaheadTables | undefined =>
  typeof PREPARED_LOOKAHEAD === 'undefined' ? undefined : PREPARED_LOOKAHEAD[grammar];
