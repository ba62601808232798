/**
 * A set of page ids: a bit for each, in pieces that are made when the first of their pages comes. Neighbours share a word, so the
 * set of the pages of a log stays near the processor. Hot: add() is called for every record redone.
 */

/** Pages of a piece: 64 MiB of the file, 1 KiB of bits. */
const PIECE_BITS = 13;
const PIECE_MASK = (1 << PIECE_BITS) - 1;

export interface PageSet {
  readonly pieces: (Uint32Array | undefined)[];
}

export const makePageSet = (): PageSet => ({ pieces: [] });

/** Adds a page of the data file. */
export function addPage(set: PageSet, page: number): void {
  const piece = set.pieces[page >>> PIECE_BITS] ?? addPiece(set, page >>> PIECE_BITS);
  piece[(page & PIECE_MASK) >>> 5] |= 1 << (page & 31);
}

function addPiece(set: PageSet, index: number): Uint32Array {
  while (set.pieces.length <= index) set.pieces.push(undefined);
  const piece = new Uint32Array((PIECE_MASK + 1) >>> 5);
  set.pieces[index] = piece;
  return piece;
}

/** The pages, rising: so that they are read in the order of the file. */
export function listPages(set: PageSet): number[] {
  const pages: number[] = [];
  for (let index = 0; index < set.pieces.length; index++) {
    const piece = set.pieces[index];
    if (piece === undefined) continue;
    for (let word = 0; word < piece.length; word++) {
      for (let bits = piece[word]; bits !== 0; bits &= bits - 1) {
        pages.push((index << PIECE_BITS) + (word << 5) + 31 - Math.clz32(bits & -bits));
      }
    }
  }
  return pages;
}
