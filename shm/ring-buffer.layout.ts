/** The shared ring buffer's header. The drawing and the protocol: ring-buffer.ts. */

import { defineStruct } from './struct.ts';

export const RING_BUFFER = defineStruct({
  name: 'ringBuffer',
  doc: 'Header of a bounded queue; its cells follow',
  bytes: 192,
  fields: {
    capacity: { at: 0, type: 'i32', doc: 'cells, a power of two' },
    entryWords: { at: 4, type: 'i32', doc: 'words of an entry' },
    head: { at: 64, type: 'atomic32', doc: 'number of the next entry to take, wraps' },
    tail: { at: 128, type: 'atomic32', doc: 'number of the next entry to put, wraps' },
  },
});
