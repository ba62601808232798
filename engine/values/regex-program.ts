/**
 * Regular expressions as programs of a nondeterministic machine, forwards and backwards: what the lazily built automatons
 * (regex-automaton.ts) are made from. A step reads one symbol; forks, jumps and assertions read none.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { Assertion, RegexNode } from './regex-parse.ts';
import { type Alphabet, alphabetOf, type CharacterSet, membersOf } from './regex-sets.ts';

export const SET = 0;
export const FORK = 1;
export const JUMP = 2;
export const ASSERT = 3;
export const LOOK = 4;
export const MATCH = 5;

/** The instructions of a program: what each does, and two operands. */
export interface Program {
  readonly operations: readonly number[];
  /** SET: number of the set; FORK, JUMP: target; ASSERT: which; LOOK: number of the look. */
  readonly first: readonly number[];
  /** FORK: the other target. LOOK: 1 where it is negated. */
  readonly second: readonly number[];
  readonly hasAssertions: boolean;
  /** Read from the end to the start. */
  readonly backwards: boolean;
}

export const ASSERTIONS: readonly Assertion[] = [
  'start',
  'end',
  'lineStart',
  'lineEnd',
  'wordStart',
  'wordEnd',
  'boundary',
  'noBoundary',
];

const PROGRAM_MAX = 30000;
const LOOKS_MAX = 6;

const tooComplex = (): SqlError =>
  new SqlError(SQLSTATE.invalid_regular_expression, 'invalid regular expression: regular expression is too complex');

export interface Look {
  readonly body: RegexNode;
  readonly ahead: boolean;
}

/** The sets and looks of an expression by number, and its alphabet. */
export interface Vocabulary {
  readonly alphabet: Alphabet;
  /** By set: 1 for each symbol in it. */
  readonly members: readonly Uint8Array[];
  readonly setNumbers: ReadonlyMap<CharacterSet, number>;
  readonly looks: readonly Look[];
  readonly lookNumbers: ReadonlyMap<RegexNode, number>;
  /** Bodies of groups by number, for what refers back to them. */
  readonly groups: ReadonlyMap<number, RegexNode>;
  readonly ignoreCase: boolean;
}

/** Whether the tree is below a look: looks in looks come before them. */
function walk(node: RegexNode, visit: (node: RegexNode) => void): void {
  switch (node.kind) {
    case 'sequence':
      for (const part of node.parts) walk(part, visit);
      break;
    case 'choice':
      for (const option of node.options) walk(option, visit);
      break;
    case 'group':
    case 'repeat':
    case 'look':
      walk(node.body, visit);
      break;
    default:
  }
  visit(node);
}

export function vocabularyOf(node: RegexNode, ignoreCase: boolean): Vocabulary {
  const setNumbers = new Map<CharacterSet, number>();
  const byKey = new Map<string, number>();
  const sets: (readonly number[])[] = [];
  const looks: Look[] = [];
  const lookNumbers = new Map<RegexNode, number>();
  const groups = new Map<number, RegexNode>();
  walk(node, (one) => {
    if (one.kind === 'set') {
      const members = membersOf(one.set, ignoreCase);
      const key = members.join();
      const number = byKey.get(key) ?? sets.push(members) - 1;
      byKey.set(key, number);
      setNumbers.set(one.set, number);
    } else if (one.kind === 'look') {
      lookNumbers.set(one, looks.push({ body: one.body, ahead: one.ahead }) - 1);
    } else if (one.kind === 'group' && one.number > 0) groups.set(one.number, one.body);
  });
  if (looks.length > LOOKS_MAX) throw tooComplex();
  return { ...alphabetOf(sets), setNumbers, looks, lookNumbers, groups, ignoreCase };
}

class Assembler {
  readonly operations: number[] = [];
  readonly first: number[] = [];
  readonly second: number[] = [];
  readonly #vocabulary: Vocabulary;
  readonly #backwards: boolean;
  hasAssertions = false;

  constructor(vocabulary: Vocabulary, backwards: boolean) {
    this.#vocabulary = vocabulary;
    this.#backwards = backwards;
  }

  emit(operation: number, first = 0, second = 0): number {
    if (this.operations.length >= PROGRAM_MAX) throw tooComplex();
    this.first.push(first);
    this.second.push(second);
    return this.operations.push(operation) - 1;
  }

  add(node: RegexNode): void {
    switch (node.kind) {
      case 'empty':
        return;
      case 'set':
        this.emit(SET, this.#vocabulary.setNumbers.get(node.set));
        return;
      case 'assertion':
        this.hasAssertions = true;
        this.emit(ASSERT, ASSERTIONS.indexOf(node.assertion));
        return;
      case 'look':
        this.emit(LOOK, this.#vocabulary.lookNumbers.get(node), node.negated ? 1 : 0);
        return;
      case 'group':
        this.add(node.body);
        return;
      case 'sequence':
        for (const part of this.#backwards ? node.parts.toReversed() : node.parts) this.add(part);
        return;
      case 'choice':
        this.#addChoice(node.options);
        return;
      case 'reference':
        // Any text that the group may match; that it is the same one is seen later.
        this.#addRepeat(this.#vocabulary.groups.get(node.number) as RegexNode, node.least, node.most);
        return;
      case 'repeat':
        this.#addRepeat(node.body, node.least, node.most);
    }
  }

  #addRepeat(body: RegexNode, least: number, most: number): void {
    for (let count = 0; count < least; count++) this.add(body);
    if (most === Infinity) {
      const fork = this.emit(FORK);
      this.first[fork] = this.operations.length;
      this.add(body);
      this.emit(JUMP, fork);
      this.second[fork] = this.operations.length;
      return;
    }
    const forks: number[] = [];
    for (let count = least; count < most; count++) {
      const fork = this.emit(FORK);
      this.first[fork] = this.operations.length;
      forks.push(fork);
      this.add(body);
    }
    for (const fork of forks) this.second[fork] = this.operations.length;
  }

  #addChoice(options: readonly RegexNode[]): void {
    const ends: number[] = [];
    options.forEach((option, index) => {
      if (index === options.length - 1) {
        this.add(option);
        return;
      }
      const fork = this.emit(FORK);
      this.first[fork] = this.operations.length;
      this.add(option);
      ends.push(this.emit(JUMP));
      this.second[fork] = this.operations.length;
    });
    for (const end of ends) this.first[end] = this.operations.length;
  }
}

/** 2201B where it is too long. */
export function assemble(node: RegexNode, vocabulary: Vocabulary, backwards: boolean): Program {
  const assembler = new Assembler(vocabulary, backwards);
  assembler.add(node);
  assembler.emit(MATCH);
  const { operations, first, second, hasAssertions } = assembler;
  return { operations, first, second, hasAssertions, backwards };
}
