/**
 * What a heap page keeps in the part of the page header that belongs to its type (page.layout.ts, extra0).
 */

import { defineStruct } from '../../../shm/struct.ts';

export const HEAP_PAGE = defineStruct({
  name: 'heapPage',
  doc: "a heap page's own fields of the page header",
  bytes: 64,
  fields: {
    freeSlots: { at: 48, type: 'u16', doc: 'free entries of the slot directory' },
    firstFree: { at: 50, type: 'u16', doc: 'no entry below this one is free' },
  },
});
