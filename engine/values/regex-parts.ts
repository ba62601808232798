/**
 * How a match is shared out among groups: the tree that is walked for it. What holds no groups and no back references, and does not mix
 * longest and shortest, is one part whatever its inside; the others are taken apart the way PostgreSQL does it, by preference:
 *
 *   plain        no groups within: any text that the expression matches
 *   then         the first part takes as much, or as little, as it prefers, and leaves a text that the second matches
 *   choice       the first option that matches the text
 *   repeat       each round takes as much, or as little, as it prefers; the groups are those of the last one
 *   group        a group's text        reference    the same text as a group, repeated
 */

import type { Bounds, Preference, RegexNode } from './regex-parse.ts';

export type Part = { readonly prefers: Preference | null; readonly mixed: boolean; readonly whole: RegexNode } & PartKind;

type PartKind =
  | { readonly kind: 'plain' }
  | { readonly kind: 'then'; readonly first: Part; readonly second: Part }
  | { readonly kind: 'choice'; readonly options: readonly Part[] }
  /** `further`: any number of rounds. */
  | ({ readonly kind: 'repeat'; readonly body: Part; readonly further: RegexNode } & Omit<Bounds, 'prefers'>)
  | { readonly kind: 'group'; readonly number: number; readonly body: Part }
  | ({ readonly kind: 'reference'; readonly number: number } & Omit<Bounds, 'prefers'>);

const EMPTY: RegexNode = { kind: 'empty' };

const plain = (whole: RegexNode, prefers: Preference | null): Part => ({ kind: 'plain', whole, prefers, mixed: false });

const isMessy = (part: Part): boolean => part.kind !== 'plain' || part.mixed;

/** Both preferences within one part: its inside must be looked at. */
const clashes = (a: Preference | null, b: Preference | null): boolean => a !== null && b !== null && a !== b;

/** Whether something in it refers back to a group. */
export function holdsReference(part: Part): boolean {
  switch (part.kind) {
    case 'reference':
      return true;
    case 'then':
      return holdsReference(part.first) || holdsReference(part.second);
    case 'choice':
      return part.options.some(holdsReference);
    case 'repeat':
    case 'group':
      return holdsReference(part.body);
    default:
      return false;
  }
}
function holdsGroup(part: Part): boolean {
  switch (part.kind) {
    case 'group':
      return true;
    case 'then':
      return holdsGroup(part.first) || holdsGroup(part.second);
    case 'choice':
      return part.options.some(holdsGroup);
    case 'repeat':
      return holdsGroup(part.body);
    default:
      return false;
  }
}

const sequence = (...parts: RegexNode[]): RegexNode => ({ kind: 'sequence', parts });

/** The parts of an expression. */
export function partsOf(node: RegexNode): Part {
  switch (node.kind) {
    case 'choice':
      return choiceOf(node.options);
    case 'sequence':
      return branchOf(node.parts);
    default:
      return branchOf([node]);
  }
}

function choiceOf(options: readonly RegexNode[]): Part {
  const parts = options.map(partsOf);
  const whole: RegexNode = { kind: 'choice', options: parts.map((part) => part.whole) };
  const mixed = parts.some((part) => part.mixed || part.prefers === 'shortest');
  if (!mixed && !parts.some(isMessy)) return plain(whole, 'longest');
  return { kind: 'choice', options: parts, whole, prefers: 'longest', mixed };
}

interface Piece {
  readonly part: Part;
  /** Of {1,1} it is the quantifier's, which leaves the part itself as it is. */
  readonly prefers: Preference | null;
}

/** One piece with its quantifier. */
function pieceOf(node: RegexNode): Piece {
  if (node.kind === 'repeat') {
    const part = repeatOf(node, atomOf(node.body));
    return { part, prefers: node.most === 0 ? null : (node.prefers ?? part.prefers) };
  }
  if (node.kind === 'reference') {
    const { number, least, most, prefers } = node;
    return { part: { kind: 'reference', number, least, most, prefers, mixed: false, whole: node }, prefers };
  }
  const part = atomOf(node);
  return { part, prefers: part.prefers };
}

function atomOf(node: RegexNode): Part {
  if (node.kind !== 'group') return node.kind === 'sequence' || node.kind === 'choice' ? partsOf(node) : plain(node, null);
  const body = partsOf(node.body);
  if (node.number < 0) return body;
  return { kind: 'group', number: node.number, body, whole: body.whole, prefers: body.prefers, mixed: body.mixed };
}

function repeatOf(node: RegexNode & { kind: 'repeat' }, atom: Part): Part {
  const { least, most } = node;
  const prefers = node.prefers ?? atom.prefers;
  const whole: RegexNode = { ...node, body: atom.whole };
  if (most === 0) return plain(EMPTY, null);
  const mixed = atom.mixed || clashes(node.prefers, atom.prefers);
  if (least === 1 && most === 1 && (node.prefers === null || atom.prefers === null || node.prefers === atom.prefers)) return atom;
  const refers = holdsReference(atom);
  if (!holdsGroup(atom) && !refers)
    return mixed
      ? { kind: 'then', first: plain(whole, prefers), second: plain(EMPTY, null), whole, prefers, mixed }
      : plain(whole, prefers);
  if (least > 0 && !refers) {
    // Only the last round's groups count: all before it are one part.
    const before = plain({ kind: 'repeat', body: atom.whole, least: least - 1, most: most - 1, prefers: node.prefers }, prefers);
    return { kind: 'then', first: before, second: atom, whole, prefers, mixed };
  }
  const further: RegexNode = { kind: 'repeat', body: atom.whole, least: 0, most: Infinity, prefers: null };
  return { kind: 'repeat', body: atom, least, most, further, whole, prefers, mixed };
}

/** A branch: what is plain at its beginning is one part, then comes a piece and what follows it. */
function branchOf(nodes: readonly RegexNode[], from = 0): Part {
  const prefix: RegexNode[] = [];
  let prefers: Preference | null = null;
  for (let at = from; at < nodes.length; at++) {
    const piece = pieceOf(nodes[at]);
    if (!isMessy(piece.part) && !clashes(prefers, piece.prefers)) {
      prefix.push(piece.part.whole);
      prefers ??= piece.prefers;
      continue;
    }
    const rest = at + 1 < nodes.length ? branchOf(nodes, at + 1) : plain(EMPTY, null);
    const tail = thenOf(piece.part, piece.prefers, rest);
    return prefix.length === 0 ? tail : thenOf(plain(sequence(...prefix), prefers), prefers, tail);
  }
  return plain(prefix.length === 1 ? prefix[0] : sequence(...prefix), prefers);
}

function thenOf(first: Part, own: Preference | null, second: Part): Part {
  const mixed = first.mixed || second.mixed || clashes(own, second.prefers);
  const prefers = own ?? second.prefers;
  return { kind: 'then', first, second, whole: sequence(first.whole, second.whole), prefers, mixed };
}
