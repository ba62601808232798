/**
 * Regular expressions on an automaton of our own (SBLR-G7): text x pattern at worst, one pass over bytes for `~`.
 *
 *   regex-parse.ts      text -> tree            regex-sets.ts       characters -> symbols
 *   regex-program.ts    tree -> program         regex-automaton.ts  program -> transitions, as a text needs them
 *   regex-parts.ts, regex-groups.ts             how a match is shared out among groups
 *
 * Whether there is a match is one run from the left. Where: a run from the right marks all places at which a match begins; from the
 * leftmost one a run to the right finds its end, the last one, or the first one where the expression prefers so. Lookahead and
 * lookbehind are runs of their own before, which mark the places where each holds.
 */

import { Automaton, foundInBytes, foundInText, markEnds, markStarts, type Symbols } from './regex-automaton.ts';
import { Dissection, PartAutomatons, preferredEnd } from './regex-groups.ts';
import { parseRegex, type RegexNode } from './regex-parse.ts';
import { type Part, partsOf } from './regex-parts.ts';
import { assemble, type Vocabulary, vocabularyOf } from './regex-program.ts';
import { symbolOf } from './regex-sets.ts';

export interface Regex {
  readonly groups: number;
  readonly vocabulary: Vocabulary;
  /** Whether there is a match somewhere; null where that is not a matter of one run: looks and back references. */
  readonly search: Automaton | null;
  readonly refers: boolean;
  readonly node: RegexNode;
  readonly parts: Part;
  readonly automatons: PartAutomatons;
  /** Made when first needed: from the right, anywhere; of looks. */
  starts: Automaton | null;
  looks: readonly Automaton[] | null;
}

const KEPT_MAX = 200;
const kept = new Map<string, Regex>();
let last: Regex | null = null;
let lastPattern = '';
let lastFlags = '';

const holdsReference = (node: RegexNode): boolean => {
  switch (node.kind) {
    case 'reference':
      return true;
    case 'sequence':
      return node.parts.some(holdsReference);
    case 'choice':
      return node.options.some(holdsReference);
    case 'group':
    case 'repeat':
      return holdsReference(node.body);
    default:
      return false;
  }
};

function compiled(pattern: string, flags: string): Regex {
  const { node, groups, options } = parseRegex(pattern, flags);
  const vocabulary = vocabularyOf(node, options.ignoreCase);
  const refers = holdsReference(node);
  const isPlain = !refers && vocabulary.looks.length === 0;
  return {
    groups,
    vocabulary,
    search: isPlain ? new Automaton(assemble(node, vocabulary, false), vocabulary, true, true) : null,
    refers,
    node,
    parts: partsOf(node),
    automatons: new PartAutomatons(vocabulary),
    starts: null,
    looks: null,
  };
}

/** Compiled, and kept for the next call. 2201B. */
export function compileRegex(pattern: string, flags = ''): Regex {
  if (last !== null && lastPattern === pattern && lastFlags === flags) return last;
  const key = `${flags}/${pattern}`;
  let regex = kept.get(key);
  if (regex === undefined) {
    regex = compiled(pattern, flags);
    if (kept.size >= KEPT_MAX) kept.clear();
    kept.set(key, regex);
  }
  [last, lastPattern, lastFlags] = [regex, pattern, flags];
  return regex;
}

/** Whether a text matches somewhere. */
export const matches = (regex: Regex, text: string): boolean =>
  regex.search !== null
    ? foundInText(regex.search, regex.vocabulary, text)
    : new Matching(regex, pointsOf(text)).next(0) !== null;

const decoder = new TextDecoder();

/** The same of UTF-8 bytes. Hot. */
export const matchesBytes = (regex: Regex, memory: Uint8Array, from: number, length: number): boolean =>
  regex.search !== null
    ? foundInBytes(regex.search, regex.vocabulary, memory, from, length)
    : matches(regex, decoder.decode(memory.slice(from, from + length)));

export const pointsOf = (text: string): number[] => {
  const points: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0xd800 || unit > 0xdfff) points.push(unit);
    else {
      const point = text.codePointAt(at) as number;
      points.push(point);
      if (point > 0xffff) at++;
    }
  }
  return points;
};

/** The matches of an expression in one text. Places are counted in code points. */
export class Matching {
  readonly #regex: Regex;
  readonly #points: readonly number[];
  readonly #text: Symbols;
  /** Places where a match begins; null: not looked for yet. */
  #begins: Uint8Array | null = null;

  constructor(regex: Regex, points: readonly number[]) {
    this.#regex = regex;
    this.#points = points;
    const { vocabulary } = regex;
    const { alphabet } = vocabulary;
    const columns = vocabulary.looks.length > 0 ? new Int32Array(points.length + 1) : new Uint16Array(points.length + 1);
    for (let at = 0; at < points.length; at++) columns[at] = symbolOf(alphabet, points[at]);
    columns[points.length] = alphabet.symbols;
    this.#text = { columns, length: points.length, vocabulary };
    if (vocabulary.looks.length > 0) this.#markLooks(columns);
  }

  /** Looks in looks come first: each sees what those before it hold. */
  #markLooks(columns: Uint16Array | Int32Array): void {
    const regex = this.#regex;
    const { vocabulary } = regex;
    regex.looks ??= vocabulary.looks.map(({ body, ahead }) => new Automaton(assemble(body, vocabulary, ahead), vocabulary, true));
    const symbols = vocabulary.alphabet.symbols + 1;
    const { length } = this.#points;
    for (const [number, { ahead }] of vocabulary.looks.entries()) {
      const automaton = regex.looks[number];
      const marks = ahead ? markStarts(automaton, this.#text, length, 0) : markEnds(automaton, this.#text, 0, length);
      for (let at = 0; at <= length; at++) if (marks[at] === 1) columns[at] += symbols << number;
    }
  }

  #beginAt(from: number): number {
    const regex = this.#regex;
    if (this.#begins === null) {
      regex.starts ??= new Automaton(assemble(regex.node, regex.vocabulary, true), regex.vocabulary, true);
      this.#begins = markStarts(regex.starts, this.#text, this.#text.length, 0);
    }
    return this.#begins.indexOf(1, from);
  }

  /** Starts and ends of the leftmost match at or behind `from` and of its groups; null: none. -1: a group that took no part. */
  next(from: number): readonly number[] | null {
    const { parts, automatons, groups, refers } = this.#regex;
    const whole = automatons.forwards(parts.whole);
    for (let start = this.#beginAt(from); start >= 0; start = this.#beginAt(start + 1)) {
      if (refers) {
        const found = this.#tried(start);
        if (found !== null) return found;
        continue;
      }
      const end = preferredEnd(whole, this.#text, start, parts);
      if (groups === 0) return [start, end];
      const dissection = new Dissection(automatons, this.#text, this.#points, groups);
      dissection.run(parts, start, end);
      dissection.slots[0] = start;
      dissection.slots[1] = end;
      return dissection.slots;
    }
    return null;
  }

  /** With back references: each end at which the rest fits, by preference. */
  #tried(start: number): readonly number[] | null {
    const { parts, automatons, groups } = this.#regex;
    const { length } = this.#text;
    const marks = markEnds(automatons.forwards(parts.whole), this.#text, start, length);
    const dissection = new Dissection(automatons, this.#text, this.#points, groups);
    for (let turn = 0; turn < marks.length; turn++) {
      const size = parts.prefers === 'shortest' ? turn : marks.length - 1 - turn;
      if (marks[size] === 0) continue;
      dissection.slots.fill(-1);
      if (!dissection.run(parts, start, start + size)) continue;
      dissection.slots[0] = start;
      dissection.slots[1] = start + size;
      return dissection.slots;
    }
    return null;
  }
}
