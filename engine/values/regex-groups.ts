/**
 * Shares a match out among the groups of an expression (regex-parts.ts says by which rules). Where nothing refers back, the places where
 * a part may end are known from two automatons, one from the left and one from the right, so that nothing is tried in vain. A text that
 * a back reference asks for is only seen when it is compared: then ways are tried one after the other, up to a limit of steps.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { Automaton, endOfMatch, markEnds, markStarts, type Symbols } from './regex-automaton.ts';
import type { RegexNode } from './regex-parse.ts';
import { holdsReference, type Part } from './regex-parts.ts';
import { assemble, type Vocabulary } from './regex-program.ts';

const STEPS_MAX = 2_000_000;

/** Automatons of the parts of one expression, made when first needed. */
export class PartAutomatons {
  readonly #vocabulary: Vocabulary;
  readonly #forwards = new Map<RegexNode, Automaton>();
  readonly #backwards = new Map<RegexNode, Automaton>();

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
  }
  #of(map: Map<RegexNode, Automaton>, node: RegexNode, backwards: boolean): Automaton {
    let found = map.get(node);
    if (found === undefined) {
      found = new Automaton(assemble(node, this.#vocabulary, backwards), this.#vocabulary, false);
      map.set(node, found);
    }
    return found;
  }
  forwards(node: RegexNode): Automaton {
    return this.#of(this.#forwards, node, false);
  }
  backwards(node: RegexNode): Automaton {
    return this.#of(this.#backwards, node, true);
  }
}

export class Dissection {
  readonly #automatons: PartAutomatons;
  readonly #text: Symbols;
  readonly #points: readonly number[];
  /** Starts and ends of groups, -1: took no part. */
  readonly slots: number[];
  #steps = 0;

  constructor(automatons: PartAutomatons, text: Symbols, points: readonly number[], groups: number) {
    this.#automatons = automatons;
    this.#text = text;
    this.#points = points;
    this.slots = new Array<number>(groups * 2 + 2).fill(-1);
  }

  #step(): void {
    if (++this.#steps > STEPS_MAX)
      throw new SqlError(SQLSTATE.statement_too_complex, 'a regular expression with back references takes too many steps');
  }

  /** Whether the part matches the text between these places, which its automaton says it does; fills in the groups. */
  run(part: Part, from: number, end: number): boolean {
    this.#step();
    switch (part.kind) {
      case 'plain':
        return true;
      case 'group':
        if (!this.run(part.body, from, end)) return false;
        this.slots[part.number * 2] = from;
        this.slots[part.number * 2 + 1] = end;
        return true;
      case 'choice':
        return part.options.some((option) => {
          if (!this.#matches(option.whole, from, end)) return false;
          const found = this.run(option, from, end);
          if (!found) this.#forget(option);
          return found;
        });
      case 'then':
        return this.#then(part, from, end);
      case 'reference':
        return this.#refers(part, from, end);
      case 'repeat':
        return this.#repeat(part, from, end);
    }
  }

  #matches(node: RegexNode, from: number, end: number): boolean {
    const marks = markEnds(this.#automatons.forwards(node), this.#text, from, end);
    return marks[end - from] === 1;
  }

  #forget(part: Part): void {
    switch (part.kind) {
      case 'group':
        this.slots[part.number * 2] = this.slots[part.number * 2 + 1] = -1;
        this.#forget(part.body);
        break;
      case 'then':
        this.#forget(part.first);
        this.#forget(part.second);
        break;
      case 'choice':
        for (const option of part.options) this.#forget(option);
        break;
      case 'repeat':
        this.#forget(part.body);
        break;
      default:
    }
  }

  #then(part: Part & { kind: 'then' }, from: number, end: number): boolean {
    const { first, second } = part;
    const ends = markEnds(this.#automatons.forwards(first.whole), this.#text, from, end);
    const starts = markStarts(this.#automatons.backwards(second.whole), this.#text, end, from);
    const shortest = first.prefers === 'shortest';
    const length = end - from;
    for (let turn = 0; turn <= length; turn++) {
      const place = shortest ? turn : length - turn;
      if (ends[place] === 0 || starts[place] === 0) continue;
      if (this.run(first, from, from + place) && this.run(second, from + place, end)) return true;
      this.#forget(part);
    }
    return false;
  }

  #refers({ number, least, most }: Part & { kind: 'reference' }, from: number, end: number): boolean {
    const [start, stop] = [this.slots[number * 2], this.slots[number * 2 + 1]];
    if (start < 0) return false;
    const size = stop - start;
    const length = end - from;
    if (size === 0) return length === 0;
    if (length % size !== 0) return false;
    const count = length / size;
    if (count < least || count > most) return false;
    const { columns, vocabulary } = this.#text;
    for (let at = 0; at < length; at++) {
      this.#step();
      const other = start + (at % size);
      if (this.#points[from + at] === this.#points[other]) continue;
      if (
        !vocabulary.ignoreCase ||
        columns[from + at] !== columns[other] ||
        !sameFolded(this.#points[from + at], this.#points[other])
      )
        return false;
    }
    return true;
  }

  #repeat(part: Part & { kind: 'repeat' }, from: number, end: number): boolean {
    if (part.least === 0 && from === end) return true;
    const most = Math.max(Math.min(end - from, part.most), part.least, 1);
    const starts = markStarts(this.#automatons.backwards(part.further), this.#text, end, from);
    return this.#round(part, [from], most, end, starts, from);
  }

  /** One more round behind those that end at `ends`; at the end all are looked into, and the groups are those of the last. */
  #round(part: Part & { kind: 'repeat' }, ends: number[], most: number, end: number, starts: Uint8Array, from: number): boolean {
    this.#step();
    const before = ends[ends.length - 1];
    const count = ends.length;
    const least = Math.max(part.least, 1);
    const marks = markEnds(this.#automatons.forwards(part.body.whole), this.#text, before, end);
    const shortest = part.body.prefers === 'shortest';
    const length = end - before;
    for (let turn = 0; turn <= length; turn++) {
      const place = shortest ? turn : length - turn;
      if (marks[place] === 0 || starts[before + place - from] === 0) continue;
      // A round without text only where there must be as many.
      if (place === 0 && length > 0 && (count >= least || least - count < length)) continue;
      ends.push(before + place);
      const isDone = before + place === end && count >= least;
      if (isDone ? this.#verify(part, ends) : count < most && this.#round(part, ends, most, end, starts, from)) return true;
      ends.pop();
    }
    return false;
  }

  #verify({ body }: Part & { kind: 'repeat' }, ends: readonly number[]): boolean {
    for (let round = holdsReference(body) ? 1 : ends.length - 1; round < ends.length; round++) {
      this.#forget(body);
      if (!this.run(body, ends[round - 1], ends[round])) return false;
    }
    return true;
  }
}

const folded = (point: number): string => String.fromCodePoint(point).toLowerCase();
const sameFolded = (a: number, b: number): boolean => folded(a) === folded(b);

/** The end of the match that begins there, by preference. */
export const preferredEnd = (automaton: Automaton, text: Symbols, from: number, part: Part): number =>
  endOfMatch(automaton, text, from, text.length, part.prefers === 'shortest');
