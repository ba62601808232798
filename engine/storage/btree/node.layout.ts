/**
 * B+tree nodes: what an inner or leaf page of an index holds after the page header (page.layout.ts).
 *
 * The order of a tree is (key, row id); row ids count as (page unsigned, slot). Every node covers [low fence, high fence),
 * two such pairs; a missing fence is the end of the order. Entry 0 of an inner node stands for its low fence: its own key is
 * never compared. `level` is 0 in leaves; the page header's `owner` is the root's page id in every node of the tree.
 *
 * Integer nodes (KIND_I32: one key word; KIND_I64: two, high signed, low unsigned) are arrays at fixed places, each with room
 * for the most entries a node of its sort can have (`capacity`):
 *
 *       0          64             96
 *       +----------+--------------+-----------------+--------------+--------------+--------------+------------+
 *  leaf | page hdr | node header  | key words       | row pages    | row slots u16                            |
 *       +----------+--------------+-----------------+--------------+--------------+--------------+------------+
 * inner | page hdr | node header  | key words       | row pages    | children     | frame hints  | row slots  |
 *       +----------+--------------+-----------------+--------------+--------------+--------------+------------+
 *
 * Byte nodes (KIND_BYTES) are slotted; what all keys between the fences begin with is cut off the entries:
 *
 *       +----------+--------------+----------------+ freeStart    freeEnd +-----------------------------------+
 *       | page hdr | node header  | 8-byte slots   | ->   gap          <- | cells, and the two fences         |
 *       +----------+--------------+----------------+----------------------+-----------------------------------+
 *
 * a slot is the first four key bytes after the prefix (big endian, padded with zeros) and its cell's place; a cell starts at
 * a multiple of 4 and is the entry's row id, in inner nodes child and hint, then the key's bytes after the prefix.
 */

import { defineStruct } from '../../../shm/struct.ts';

export const NODE = defineStruct({
  name: 'node',
  doc: 'B+tree node header, after the header of every page',
  bytes: 96,
  fields: {
    kind: { at: 48, type: 'u16', doc: 'KIND_I32, KIND_I64 or KIND_BYTES' },
    fences: { at: 50, type: 'u16', doc: 'bit 0: has a low fence; bit 1: has a high fence' },
    limit: { at: 52, type: 'u16', doc: 'most entries this tree allows a node, below what fits; 0 = what fits' },
    prefixBytes: {
      at: 54,
      type: 'u16',
      doc: 'byte nodes: length of what all keys here begin with; it is the head of either fence',
    },
    lowBytes: { at: 56, type: 'u16', doc: 'byte nodes: length of the low fence key' },
    lowAt: { at: 58, type: 'u16', doc: 'byte nodes: where the low fence key starts in the page' },
    highBytes: { at: 60, type: 'u16', doc: 'byte nodes: length of the high fence key' },
    highAt: { at: 62, type: 'u16', doc: 'byte nodes: where the high fence key starts in the page' },
    lowKeyHigh: { at: 64, type: 'i32', doc: 'integer nodes: first key word of the low fence' },
    lowKeyLow: { at: 68, type: 'i32', doc: 'integer nodes: second key word of the low fence, 0 in KIND_I32' },
    lowRowPage: { at: 72, type: 'i32', doc: 'row id of the low fence: page' },
    lowRowSlot: { at: 76, type: 'i32', doc: 'row id of the low fence: slot' },
    highKeyHigh: { at: 80, type: 'i32', doc: 'integer nodes: first key word of the high fence' },
    highKeyLow: { at: 84, type: 'i32', doc: 'integer nodes: second key word of the high fence, 0 in KIND_I32' },
    highRowPage: { at: 88, type: 'i32', doc: 'row id of the high fence: page' },
    highRowSlot: { at: 92, type: 'i32', doc: 'row id of the high fence: slot' },
  },
});

export const NODE_SLOT = defineStruct({
  name: 'nodeSlot',
  doc: 'slot of a byte node; slot s lies at byte 96 + 8 * s of the page',
  bytes: 8,
  fields: {
    head: { at: 0, type: 'u32', doc: 'first four key bytes after the prefix, as a big-endian number' },
    cellAt: { at: 4, type: 'u16', doc: "the cell's place in the page" },
    suffixBytes: { at: 6, type: 'u16', doc: 'key bytes after the prefix' },
  },
});

export const NODE_CELL = defineStruct({
  name: 'nodeCell',
  doc: 'cell of a byte node; in leaves the key bytes begin at 8, in inner nodes at 16',
  bytes: 16,
  fields: {
    rowPage: { at: 0, type: 'i32', doc: 'page of the row id' },
    rowSlot: { at: 4, type: 'i32', doc: 'slot of the row id' },
    child: { at: 8, type: 'i32', doc: 'inner nodes: page of the child' },
    hint: { at: 12, type: 'i32', doc: 'inner nodes: frame that the child was last seen in; not trusted, not logged' },
  },
});

/** Node kinds. Numbers are stored; those of the integer kinds are their key words. */
export const KIND_I32 = 1;
export const KIND_I64 = 2;
export const KIND_BYTES = 3;

export const FENCE_LOW = 1;
export const FENCE_HIGH = 2;

/** Where a node's entries begin. */
export const NODE_AREA = 96;

/** Most entries of an integer node: (8192 - 96) / bytes of an entry. */
export const LEAF_MAX_I32 = 809;
export const LEAF_MAX_I64 = 578;
export const INNER_MAX_I32 = 449;
export const INNER_MAX_I64 = 368;
/** Most slots a byte node can have room for: a slot and an empty cell are 16 bytes. */
export const BYTES_MAX = 506;
