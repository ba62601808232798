/** A set of page ids: open addressing over one typed array, in no order. Hot: add() is called for every record redone. */

import { NO_PAGE } from '../../../shm/types.ts';

export interface PageSet {
  count: number;
  pages: Int32Array;
  /** The page added last: records that follow each other often change one page. */
  recent: number;
}

export const makePageSet = (capacity = 4096): PageSet => ({
  count: 0,
  pages: new Int32Array(capacity).fill(NO_PAGE),
  recent: NO_PAGE,
});

export function addPage(set: PageSet, page: number): void {
  if (set.recent === page) return;
  set.recent = page;
  if (set.count * 2 >= set.pages.length) grow(set);
  place(set, page);
}

function place(set: PageSet, page: number): void {
  const mask = set.pages.length - 1;
  let at = (Math.imul(page, 0x9e3779b1) >>> 5) & mask;
  while (set.pages[at] !== NO_PAGE) {
    if (set.pages[at] === page) return;
    at = (at + 1) & mask;
  }
  set.pages[at] = page;
  set.count++;
}

function grow(set: PageSet): void {
  const before = set.pages;
  set.pages = new Int32Array(before.length * 2).fill(NO_PAGE);
  set.count = 0;
  for (const page of before) if (page !== NO_PAGE) place(set, page);
}

/** The pages, rising: so that they are read in the order of the file. */
export const listPages = (set: PageSet): Int32Array => set.pages.filter((page) => page !== NO_PAGE).sort();
