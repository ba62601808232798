/**
 * The control segment: its header and the thread slots.
 *
 *   +--------+--------------+------------------+-------------+-----------+-----------------------+
 *   | header | thread slots | thread counters  | page table  | frames    | regions of upper floors |
 *   +--------+--------------+------------------+-------------+-----------+-----------------------+
 *
 * Words that different threads write lie on different cache lines (SM-S3); so a thread slot has a line for what only
 * its owner writes and reads, one for what others read, one for what others write, and one that says who it is.
 */

import { defineStruct } from './struct.ts';

/** Changes whenever a thread built from other sources could not work on the same memory. */
export const CONTROL_LAYOUT_VERSION = 1;

export const CONTROL = defineStruct({
  name: 'control',
  doc: 'Header of the control segment, at byte 0',
  bytes: 1024,
  fields: {
    layoutVersion: { at: 0, type: 'i32', doc: 'CONTROL_LAYOUT_VERSION of the creator' },
    poisoned: { at: 4, type: 'atomic32', doc: '0 = sound; 2 = being poisoned; 1 = poisoned, the reason is written' },
    poisonReasonBytes: { at: 8, type: 'i32', unit: 'bytes', doc: 'length of poisonReason' },
    dead: { at: 12, type: 'atomic32', doc: 'thread slots whose thread died and that wait for the late buriers' },
    attaches: { at: 16, type: 'atomic32', doc: 'threads that ever attached; gives each its generation' },
    slotsTaken: { at: 20, type: 'atomic32', doc: 'thread slots below this number were taken at least once' },
    epoch: { at: 64, type: 'atomic32', doc: 'the current epoch, odd (epoch.ts)' },
    clockHand: { at: 128, type: 'atomic32', doc: 'frames that the clock hand has passed, wraps' },
    framesTaken: { at: 192, type: 'atomic32', doc: 'frames below this number were handed out at least once' },
    heapLatch: { at: 256, type: 'atomic32', doc: 'latch of the allocator (allocator.ts)' },
    heapReady: { at: 260, type: 'i32', doc: '1 once the free lists of the allocator are set up' },
    heapUsed: { at: 264, type: 'f64', unit: 'bytes', doc: 'bytes in blocks that are handed out, rounded up to their class' },
    heapFree: { at: 272, type: 'bytes', length: 80, doc: 'first free block of each power of two from 4 KiB, piece + 1' },
    heapPartial: { at: 352, type: 'bytes', length: 64, doc: 'first piece with room of each small class, piece + 1' },
    poisonReason: { at: 512, type: 'bytes', length: 448, doc: 'UTF-8 text' },
  },
});

export const THREAD_STATE_FREE = 0;
/** Being attached or detached: nobody else touches the slot. */
export const THREAD_STATE_CHANGING = 1;
export const THREAD_STATE_ATTACHED = 2;
/** Its thread died outside a critical section; early buriers are running. */
export const THREAD_STATE_BURYING = 3;
/** Its thread died; what it held in shm is released, what it left in upper floors is not yet. */
export const THREAD_STATE_DEAD = 4;
/** A thread runs the late buriers. */
export const THREAD_STATE_LATE_BURYING = 5;

export const THREAD = defineStruct({
  name: 'thread',
  doc: 'A thread slot',
  bytes: 256,
  fields: {
    critical: { at: 0, type: 'i32', doc: 'critical sections the thread is in (SM-L7); only the thread itself writes it' },
    depth: { at: 4, type: 'i32', doc: 'how often it has entered the engine without leaving' },
    heldFrame: { at: 8, type: 'i32', doc: 'frame + 1 that it holds in shared mode, 0 = none (SM-L4)' },
    entries: { at: 12, type: 'i32', doc: 'heartbeat: times it entered the engine, wraps' },
    epoch: { at: 64, type: 'atomic32', doc: 'epoch in which it entered the engine, 0 = outside (SM-F2)' },
    oldestSnapshot: { at: 68, type: 'shared53', unit: 'microseconds', doc: 'minimum over its snapshots (TX-T6); 0 = none' },
    pendingLog: { at: 80, type: 'atomic32', doc: 'log position it reserved and has not published; the log says in which unit' },
    pendingLog2: { at: 84, type: 'atomic32', doc: 'second word for the log' },
    doorbell: { at: 128, type: 'atomic32', doc: 'counts rings; the thread sleeps on it' },
    cancel: { at: 132, type: 'atomic32', doc: 'a reason to end what it runs, 0 = none' },
    state: { at: 192, type: 'atomic32', doc: 'one of THREAD_STATE_...' },
    generation: { at: 196, type: 'atomic32', doc: 'differs between all threads that ever had the slot' },
    role: { at: 200, type: 'i32', doc: 'one of THREAD_ROLE_...' },
    osThread: { at: 204, type: 'i32', doc: 'id of the thread in the operating system, 0 = not known there' },
    osStart: { at: 208, type: 'f64', doc: 'when it was started, in clock ticks since boot: ids are used again' },
    toldDead: { at: 216, type: 'atomic32', doc: '1 once its parent has seen it end' },
    undertaker: { at: 220, type: 'atomic32', doc: 'thread + 1 that buries it' },
  },
});
