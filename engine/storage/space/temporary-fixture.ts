/** For tests: something on a temporary page. */

import { latchNewPage, pagePlace, pageTouched, pageViews, unlatchPage } from '../cache/page-cache.ts';
import { PAGE_TYPE_HEAP } from '../page.layout.ts';
import { formatPage } from './format-page.ts';
import type { Space } from './space.ts';

export function formatTemporary(space: Space, page: number): void {
  const frame = latchNewPage(space.cache, page);
  formatPage(pageViews(space.cache, frame), pagePlace(space.cache, frame), page, PAGE_TYPE_HEAP, 1);
  pageTouched(space.cache, frame);
  unlatchPage(space.cache, frame);
}
