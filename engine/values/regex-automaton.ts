/**
 * A deterministic automaton that is built while it runs (SBLR-G7): a state is a set of places in the program, a transition is computed
 * when a text first needs it. Each symbol costs two loads, whatever the expression.
 *
 *   transitions[state + symbol] = next state; FOUND: a match ends before the symbol, and more is not asked; UNKNOWN: not computed yet
 *   accepts[state + symbol] = 1: a match ends before the symbol
 *
 * A state does not know what follows it: assertions of its places are decided with the next symbol, the end of the text being one, so
 * that a match is seen one symbol after its end. What stood before is part of the state where the expression has assertions. States
 * are offsets into the table. When the table is full it is emptied and filled anew: time stays linear. Hot: nothing is allocated but
 * by a transition that is new.
 */

import { ASSERT, ASSERTIONS, FORK, JUMP, LOOK, MATCH, type Program, SET, type Vocabulary } from './regex-program.ts';
import { EDGE, NEWLINE, symbolOf, WORD_CHARACTER } from './regex-sets.ts';

/** State 0 has no places: nothing is found any more. */
const DEAD = 0;
const UNKNOWN = -1;
const FOUND = -2;
const WORDS_MAX = 1 << 20;
const FIRST_STATES = 16;
const KINDS = 4;

function holds(assertion: number, before: number, after: number): boolean {
  switch (ASSERTIONS[assertion]) {
    case 'start':
      return before === EDGE;
    case 'end':
      return after === EDGE;
    case 'lineStart':
      return before === EDGE || before === NEWLINE;
    case 'lineEnd':
      return after === EDGE || after === NEWLINE;
    case 'wordStart':
      return before !== WORD_CHARACTER && after === WORD_CHARACTER;
    case 'wordEnd':
      return before === WORD_CHARACTER && after !== WORD_CHARACTER;
    case 'boundary':
      return (before === WORD_CHARACTER) !== (after === WORD_CHARACTER);
    default:
      return (before === WORD_CHARACTER) === (after === WORD_CHARACTER);
  }
}

export class Automaton {
  readonly #program: Program;
  readonly #vocabulary: Vocabulary;
  /** A match may begin at any symbol. */
  readonly #anywhere: boolean;
  /** Columns of a state: symbols, the end among them, for each combination of looks. */
  readonly #columns: number;
  readonly #symbols: number;
  transitions: Int32Array;
  accepts: Uint8Array;
  /** Whether there is a match is all that is asked. */
  readonly #isSearch: boolean;
  #skips: Uint8Array | null = null;
  #places: Int32Array[] = [];
  #kinds: number[] = [];
  #byKey = new Map<string, number>();
  /** States at a place behind a character of each kind, -1: not made yet. */
  readonly #starts = new Int32Array(KINDS);
  readonly #marks: Int32Array;
  #mark = 0;
  readonly #stack: number[] = [];

  constructor(program: Program, vocabulary: Vocabulary, anywhere: boolean, isSearch = false) {
    this.#isSearch = isSearch;
    this.#program = program;
    this.#vocabulary = vocabulary;
    this.#anywhere = anywhere;
    this.#symbols = vocabulary.alphabet.symbols + 1;
    this.#columns = this.#symbols << vocabulary.looks.length;
    this.transitions = new Int32Array(this.#columns * FIRST_STATES).fill(UNKNOWN);
    this.accepts = new Uint8Array(this.transitions.length);
    this.#marks = new Int32Array(program.operations.length);
    this.#clear();
  }

  #clear(): void {
    this.transitions.fill(UNKNOWN);
    this.transitions.fill(DEAD, 0, this.#columns);
    this.accepts.fill(0);
    this.#places = [new Int32Array(0)];
    this.#kinds = [EDGE];
    this.#byKey.clear();
    this.#starts.fill(UNKNOWN);
  }

  /** The state at a place behind a character of this kind. */
  start(kind: number): number {
    const known = this.#starts[kind];
    if (known >= 0) return known;
    this.#mark++;
    const places: number[] = [];
    this.#follow(0, places, false, kind, EDGE, 0);
    const state = this.#stateOf(places, kind);
    this.#starts[kind] = state;
    return state;
  }

  /** The transition of a state: `column` is the symbol, and the looks that hold in the bits above. */
  compute(state: number, column: number): number {
    const symbol = column % this.#symbols;
    const looks = (column / this.#symbols) | 0;
    const index = state / this.#columns;
    const before = this.#kinds[index];
    const after = this.#vocabulary.alphabet.kinds[symbol];
    const resolved: number[] = [];
    this.#mark++;
    for (const place of this.#places[index]) this.#follow(place, resolved, true, before, after, looks);
    const { operations, first } = this.#program;
    const matches = resolved.some((place) => operations[place] === MATCH);
    const next: number[] = [];
    if (symbol < this.#symbols - 1) {
      this.#mark++;
      for (const place of resolved) {
        if (operations[place] !== SET || this.#vocabulary.members[first[place]][symbol] === 0) continue;
        this.#follow(place + 1, next, false, 0, 0, 0);
      }
      if (this.#anywhere) this.#follow(0, next, false, 0, 0, 0);
    }
    const states = this.#places.length;
    const to = this.#stateOf(next, after);
    const answer = matches && this.#isSearch ? FOUND : to;
    this.accepted = matches ? 1 : 0;
    // The table was emptied: the state that was left is no more.
    if (this.#places.length >= states) {
      this.transitions[state + column] = answer;
      this.accepts[state + column] = this.accepted;
    }
    return answer;
  }

  /** Of the transition that was computed last. */
  accepted = 0;

  /** The bytes at which the state at the beginning stays what it is. */
  skips(): Uint8Array {
    if (this.#skips !== null) return this.#skips;
    const { ascii } = this.#vocabulary.alphabet;
    const skips = new Uint8Array(256);
    for (let byte = 0; byte < 128; byte++) {
      const state = this.start(EDGE);
      const next = this.transitions[state + ascii[byte]];
      if ((next === UNKNOWN ? this.compute(state, ascii[byte]) : next) === this.start(EDGE)) skips[byte] = 1;
    }
    this.#skips = skips;
    return skips;
  }

  /** What is reached from a place without a symbol; `resolves`: through assertions, too, with what stands on both sides. */
  #follow(from: number, into: number[], resolves: boolean, before: number, after: number, looks: number): void {
    const { operations, first, second, backwards } = this.#program;
    const stack = this.#stack;
    stack.push(from);
    for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
      if (this.#marks[place] === this.#mark) continue;
      this.#marks[place] = this.#mark;
      const operation = operations[place];
      if (operation === JUMP) stack.push(first[place]);
      else if (operation === FORK) stack.push(second[place], first[place]);
      else if (resolves && operation === ASSERT) {
        const isTrue = backwards ? holds(first[place], after, before) : holds(first[place], before, after);
        if (isTrue) stack.push(place + 1);
      } else if (resolves && operation === LOOK) {
        if (((looks >> first[place]) & 1) !== second[place]) stack.push(place + 1);
      } else into.push(place);
    }
  }

  #stateOf(places: readonly number[], before: number): number {
    if (places.length === 0) return DEAD;
    const kind = this.#program.hasAssertions ? before : EDGE;
    const sorted = Int32Array.from(places).sort();
    const key = `${kind} ${sorted.join()}`;
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const columns = this.#columns;
    if ((this.#places.length + 1) * columns > WORDS_MAX && this.#places.length > FIRST_STATES) this.#clear();
    const state = this.#places.length * columns;
    if (state + columns > this.transitions.length) {
      const grown = new Int32Array(this.transitions.length * 2).fill(UNKNOWN);
      grown.set(this.transitions);
      this.transitions = grown;
      const accepts = new Uint8Array(grown.length);
      accepts.set(this.accepts);
      this.accepts = accepts;
    }
    this.#places.push(sorted);
    this.#kinds.push(kind);
    this.#byKey.set(key, state);
    return state;
  }
}

/** A text as symbols, with the looks that hold at each of its places. */
export interface Symbols {
  /** One more than there are characters: the last one is the end. */
  readonly columns: Uint16Array | Int32Array;
  readonly length: number;
  readonly vocabulary: Vocabulary;
}

const kindAt = ({ columns, length, vocabulary }: Symbols, at: number): number =>
  at < 0 || at >= length ? EDGE : vocabulary.alphabet.kinds[columns[at] % (vocabulary.alphabet.symbols + 1)];

/** Where a match that begins at `from` ends, at `most` at the latest: the last such place, or the first one; -1: none. */
export function endOfMatch(automaton: Automaton, text: Symbols, from: number, most: number, isFirst: boolean): number {
  const { columns } = text;
  let state = automaton.start(kindAt(text, from - 1));
  let end = -1;
  for (let at = from; state !== DEAD; at++) {
    let next = automaton.transitions[state + columns[at]];
    let accepted = automaton.accepts[state + columns[at]];
    if (next < 0) {
      next = automaton.compute(state, columns[at]);
      ({ accepted } = automaton);
    }
    if (accepted === 1) {
      end = at;
      if (isFirst) return end;
    }
    if (at === most) break;
    state = next;
  }
  return end;
}

/** Marks each place from `from` to `most` where a match that begins at `from`, or (anywhere) at or behind it, ends. */
export function markEnds(automaton: Automaton, text: Symbols, from: number, most: number): Uint8Array {
  const { columns } = text;
  const marks = new Uint8Array(most - from + 1);
  let state = automaton.start(kindAt(text, from - 1));
  for (let at = from; state !== DEAD; at++) {
    let next = automaton.transitions[state + columns[at]];
    marks[at - from] = automaton.accepts[state + columns[at]];
    if (next < 0) {
      next = automaton.compute(state, columns[at]);
      marks[at - from] = automaton.accepted;
    }
    if (at === most) break;
    state = next;
  }
  return marks;
}

/**
 * Marks each place from `least` to `end` from which a match reaches `end`, or (anywhere) ends at or before it. The automaton is one
 * of a program that is read backwards. Looks belong to places, not to what stands in front of them.
 */
export function markStarts(automaton: Automaton, text: Symbols, end: number, least: number): Uint8Array {
  const { columns, vocabulary } = text;
  const symbols = vocabulary.alphabet.symbols + 1;
  const hasLooks = vocabulary.looks.length > 0;
  const marks = new Uint8Array(end - least + 1);
  let state = automaton.start(kindAt(text, end));
  for (let at = end; state !== DEAD; at--) {
    const before = at === 0 ? symbols - 1 : columns[at - 1] % symbols;
    const column = hasLooks ? before + columns[at] - (columns[at] % symbols) : before;
    let next = automaton.transitions[state + column];
    marks[at - least] = automaton.accepts[state + column];
    if (next < 0) {
      next = automaton.compute(state, column);
      marks[at - least] = automaton.accepted;
    }
    if (at === least) break;
    state = next;
  }
  return marks;
}

/** Where a match is found before the end of a text, in the last state. */
function foundAtEnd(automaton: Automaton, state: number, end: number): boolean {
  const last = automaton.transitions[state + end];
  return (last === UNKNOWN ? automaton.compute(state, end) : last) === FOUND;
}

/** Whether a match is found in characters given by their UTF-8 bytes. Hot. */
export function foundInBytes(
  automaton: Automaton,
  vocabulary: Vocabulary,
  memory: Uint8Array,
  from: number,
  length: number,
): boolean {
  const { ascii, symbols } = vocabulary.alphabet;
  const skips = automaton.skips();
  const end = from + length;
  let start = automaton.start(EDGE);
  let { transitions } = automaton;
  let state = start;
  let at = from;
  for (;;) {
    if (state === start) while (at < end && skips[memory[at]] === 1) at++;
    if (at >= end) return foundAtEnd(automaton, state, symbols);
    const byte = memory[at++];
    let symbol: number;
    if (byte < 128) symbol = ascii[byte];
    else {
      const size = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
      let point = byte & (0x3f >> size);
      for (let next = 0; next < size; next++) point = (point << 6) | (memory[at++] & 63);
      symbol = symbolOf(vocabulary.alphabet, point);
    }
    let next = transitions[state + symbol];
    if (next <= DEAD) {
      if (next === UNKNOWN) {
        next = automaton.compute(state, symbol);
        start = automaton.start(EDGE);
        ({ transitions } = automaton);
      }
      if (next === FOUND) return true;
      if (next === DEAD) return false;
    }
    state = next;
  }
}

/** The same of a string. */
export function foundInText(automaton: Automaton, vocabulary: Vocabulary, text: string): boolean {
  const { ascii, symbols } = vocabulary.alphabet;
  let { transitions } = automaton;
  let state = automaton.start(EDGE);
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    let symbol: number;
    if (unit < 128) symbol = ascii[unit];
    else {
      const point = text.codePointAt(at) as number;
      if (point > 0xffff) at++;
      symbol = symbolOf(vocabulary.alphabet, point);
    }
    let next = transitions[state + symbol];
    if (next <= DEAD) {
      if (next === UNKNOWN) {
        next = automaton.compute(state, symbol);
        ({ transitions } = automaton);
      }
      if (next === FOUND) return true;
      if (next === DEAD) return false;
    }
    state = next;
  }
  return foundAtEnd(automaton, state, symbols);
}
