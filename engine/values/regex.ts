/**
 * Regular expressions in time text x pattern (SBLR-G7): a tree (regex-parse.ts) becomes a program for a machine whose threads advance
 * together, one code point at a time; a state is entered once a step.
 *
 * A match is found in two passes: the first finds where the leftmost one begins and where it ends, the longest or (if the expression
 * prefers so: its first quantifier is lazy) the shortest; the second, if groups are asked for, runs from there and takes the thread of
 * the highest priority that ends at that very place.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { type Assertion, type CharacterSet, parseRegex, type RegexNode } from './regex-parse.ts';

const SET = 0;
const SPLIT = 1;
const JUMP = 2;
const SAVE = 3;
const ASSERT = 4;
const MATCH = 5;

interface Instruction {
  readonly op: number;
  /** SPLIT: tried first; JUMP: the target. SAVE: the slot. */
  x: number;
  y: number;
  readonly test: ((point: number) => boolean) | null;
  readonly assertion: Assertion | null;
}

export interface Regex {
  readonly program: readonly Instruction[];
  readonly groups: number;
  readonly shortest: boolean;
  /** ^ only at the very start: no other place needs to be tried. */
  readonly anchored: boolean;
}

const PROGRAM_MAX = 30000;

function testOf({ ranges, negated }: CharacterSet, ignoreCase: boolean): (point: number) => boolean {
  const isIn = (point: number): boolean => {
    for (let at = 0; at < ranges.length; at += 2) if (point >= ranges[at] && point <= ranges[at + 1]) return true;
    return false;
  };
  if (ranges.length === 0) return () => negated;
  if (!ignoreCase) return negated ? (point) => !isIn(point) : isIn;
  return (point) => {
    const character = String.fromCodePoint(point);
    const found =
      isIn(point) ||
      isIn(character.toLowerCase().codePointAt(0) as number) ||
      isIn(character.toUpperCase().codePointAt(0) as number);
    return found !== negated;
  };
}

class Assembler {
  readonly program: Instruction[] = [];
  readonly ignoreCase: boolean;

  constructor(ignoreCase: boolean) {
    this.ignoreCase = ignoreCase;
  }

  emit(op: number, x = 0, y = 0, test: Instruction['test'] = null, assertion: Assertion | null = null): Instruction {
    if (this.program.length >= PROGRAM_MAX) {
      throw new SqlError(SQLSTATE.invalid_regular_expression, 'invalid regular expression: regular expression is too complex');
    }
    const instruction = { op, x, y, test, assertion };
    this.program.push(instruction);
    return instruction;
  }

  add(node: RegexNode): void {
    switch (node.kind) {
      case 'empty':
        return;
      case 'set':
        this.emit(SET, 0, 0, testOf(node.set, this.ignoreCase));
        return;
      case 'assertion':
        this.emit(ASSERT, 0, 0, null, node.assertion);
        return;
      case 'group':
        if (node.number > 0) this.emit(SAVE, node.number * 2);
        this.add(node.body);
        if (node.number > 0) this.emit(SAVE, node.number * 2 + 1);
        return;
      case 'sequence':
        for (const part of node.parts) this.add(part);
        return;
      case 'choice':
        this.addChoice(node.options);
        return;
      case 'repeat':
        for (let count = 0; count < node.least; count++) this.add(node.body);
        if (node.most === Infinity) this.addLoop(node.body, node.lazy);
        else this.addOptional(node.body, node.most - node.least, node.lazy);
    }
  }

  addChoice(options: readonly RegexNode[]): void {
    const ends: Instruction[] = [];
    options.forEach((option, index) => {
      if (index === options.length - 1) {
        this.add(option);
        return;
      }
      const split = this.emit(SPLIT);
      split.x = this.program.length;
      this.add(option);
      ends.push(this.emit(JUMP));
      split.y = this.program.length;
    });
    for (const end of ends) end.x = this.program.length;
  }
  #fork(split: Instruction, body: number, out: number, lazy: boolean): void {
    split.x = lazy ? out : body;
    split.y = lazy ? body : out;
  }
  addLoop(body: RegexNode, lazy: boolean): void {
    const start = this.program.length;
    const split = this.emit(SPLIT);
    this.add(body);
    this.emit(JUMP, start);
    this.#fork(split, start + 1, this.program.length, lazy);
  }
  addOptional(body: RegexNode, count: number, lazy: boolean): void {
    const splits: { split: Instruction; body: number }[] = [];
    for (let index = 0; index < count; index++) {
      splits.push({ split: this.emit(SPLIT), body: this.program.length });
      this.add(body);
    }
    for (const one of splits) this.#fork(one.split, one.body, this.program.length, lazy);
  }
}

/** What the expression as a whole prefers; null: it has no preference. */
function preference(node: RegexNode): 'longest' | 'shortest' | null {
  switch (node.kind) {
    case 'group':
      return preference(node.body);
    case 'choice':
      return 'longest';
    case 'sequence':
      for (const part of node.parts) {
        const found = preference(part);
        if (found !== null) return found;
      }
      return null;
    case 'repeat':
      if (node.least === node.most) return preference(node.body);
      return node.lazy ? 'shortest' : 'longest';
    default:
      return null;
  }
}

const startsAnchored = (node: RegexNode): boolean =>
  node.kind === 'assertion'
    ? node.assertion === 'start'
    : node.kind === 'sequence'
      ? startsAnchored(node.parts[0])
      : node.kind === 'group'
        ? startsAnchored(node.body)
        : false;

const KEPT_MAX = 200;
const kept = new Map<string, Regex>();

/** Compiled, and kept for the next call. 2201B; 0A000 for what does not run in linear time. */
export function compileRegex(pattern: string, flags = ''): Regex {
  const key = `${flags}/${pattern}`;
  let regex = kept.get(key);
  if (regex === undefined) {
    const { node, groups, options } = parseRegex(pattern, flags);
    const assembler = new Assembler(options.ignoreCase);
    assembler.add(node);
    assembler.emit(MATCH);
    regex = { program: assembler.program, groups, shortest: preference(node) === 'shortest', anchored: startsAnchored(node) };
    if (kept.size >= KEPT_MAX) kept.clear();
    kept.set(key, regex);
  }
  return regex;
}

const isWord = (point: number): boolean =>
  (point >= 48 && point <= 57) || point === 95 || (point >= 65 && point <= 90) || (point >= 97 && point <= 122) ||
  (point > 127 && /[\p{L}\p{N}]/u.test(String.fromCodePoint(point))); // biome-ignore format: short

function holds(assertion: Assertion, points: readonly number[], at: number): boolean {
  switch (assertion) {
    case 'start':
      return at === 0;
    case 'end':
      return at === points.length;
    case 'lineStart':
      return at === 0 || points[at - 1] === 10;
    case 'lineEnd':
      return at === points.length || points[at] === 10;
    default: {
      const before = at > 0 && isWord(points[at - 1]);
      const after = at < points.length && isWord(points[at]);
      if (assertion === 'wordStart') return !before && after;
      if (assertion === 'wordEnd') return before && !after;
      return (before !== after) === (assertion === 'boundary');
    }
  }
}

/** Threads of one step: program counters in order of priority, and what each carries. */
interface Threads<Carried> {
  readonly counters: number[];
  readonly carried: Carried[];
  readonly entered: Int32Array;
}
const threads = <Carried>(size: number): Threads<Carried> => ({
  counters: [],
  carried: [],
  entered: new Int32Array(size).fill(-1),
});

/** Follows what costs no character from `counter` on; a state entered in this step already is left out. */
function enter<Carried>(
  regex: Regex,
  into: Threads<Carried>,
  counter: number,
  carried: Carried,
  points: readonly number[],
  at: number,
  save: (carried: Carried, slot: number, at: number) => Carried,
): void {
  const waiting: [number, Carried][] = [[counter, carried]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [place, value] = next;
    if (into.entered[place] === at) continue;
    into.entered[place] = at;
    const instruction = regex.program[place];
    switch (instruction.op) {
      case JUMP:
        waiting.push([instruction.x, value]);
        break;
      case SPLIT:
        waiting.push([instruction.y, value], [instruction.x, value]);
        break;
      case SAVE:
        waiting.push([place + 1, save(value, instruction.x, at)]);
        break;
      case ASSERT:
        if (holds(instruction.assertion as Assertion, points, at)) waiting.push([place + 1, value]);
        break;
      default:
        into.counters.push(place);
        into.carried.push(value);
    }
  }
}

const keep = (start: number): number => start;

/** Start and end of the leftmost match at or behind `from`, or null. */
function findSpan(regex: Regex, points: readonly number[], from: number): [number, number] | null {
  let now = threads<number>(regex.program.length);
  let then = threads<number>(regex.program.length);
  let start = -1;
  let end = -1;
  for (let at = from; at <= points.length; at++) {
    if (start < 0 && (at === from || !regex.anchored)) enter(regex, now, 0, at, points, at, keep);
    if (now.counters.length === 0 && (start >= 0 || regex.anchored)) break;
    then.counters.length = then.carried.length = 0;
    for (let thread = 0; thread < now.counters.length; thread++) {
      const begun = now.carried[thread];
      if (start >= 0 && (begun > start || (begun === start && regex.shortest))) continue;
      const instruction = regex.program[now.counters[thread]];
      if (instruction.op === MATCH) {
        start = begun;
        end = at;
      } else if (at < points.length && (instruction.test as (point: number) => boolean)(points[at])) {
        enter(regex, then, now.counters[thread] + 1, begun, points, at + 1, keep);
      }
    }
    [now, then] = [then, now];
  }
  return start < 0 ? null : [start, end];
}

const saveSlot = (slots: readonly number[], slot: number, at: number): readonly number[] => {
  const copy = slots.slice();
  copy[slot] = at;
  return copy;
};

/** Starts and ends of the groups of the match that spans exactly this; -1: a group that took no part. */
function findGroups(regex: Regex, points: readonly number[], start: number, end: number): readonly number[] {
  let now = threads<readonly number[]>(regex.program.length);
  let then = threads<readonly number[]>(regex.program.length);
  enter(regex, now, 0, new Array<number>(regex.groups * 2 + 2).fill(-1), points, start, saveSlot);
  for (let at = start; at < end; at++) {
    then.counters.length = then.carried.length = 0;
    for (let thread = 0; thread < now.counters.length; thread++) {
      const { op, test } = regex.program[now.counters[thread]];
      if (op === SET && (test as (point: number) => boolean)(points[at])) {
        enter(regex, then, now.counters[thread] + 1, now.carried[thread], points, at + 1, saveSlot);
      }
    }
    [now, then] = [then, now];
  }
  const ended = now.counters.findIndex((counter) => regex.program[counter].op === MATCH);
  return saveSlot(saveSlot(now.carried[ended], 0, start), 1, end);
}

export const pointsOf = (text: string): number[] => Array.from(text, (character) => character.codePointAt(0) as number);

export const matches = (regex: Regex, text: string): boolean => findSpan(regex, pointsOf(text), 0) !== null;

/** Starts and ends, in code points, of the leftmost match and its groups at or behind `from`; null: none. */
export function findMatch(regex: Regex, points: readonly number[], from: number): readonly number[] | null {
  const span = findSpan(regex, points, from);
  if (span === null) return null;
  return regex.groups === 0 ? span : findGroups(regex, points, span[0], span[1]);
}
