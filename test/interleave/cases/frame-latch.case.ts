import { ok, strictEqual } from 'node:assert/strict';
import { loadFrameReaders, loadFrameVersion } from '../../../shm/frame.layout.gen.ts';
import { holdFrame, latchFrame, readBegin, readValid, releaseFrame, unlatchFrame } from '../../../shm/frame-latch.ts';
import {
  frameBase,
  frameOffset,
  frameSegment,
  handleOf,
  type SharedMemory,
  type SharedMemoryHandle,
  viewSharedMemory,
} from '../../../shm/shared-memory.ts';
import { attachThread, detachThread, THREAD_ROLE_ATTACHED, THREAD_ROLE_HOST } from '../../../shm/threads.ts';
import { yieldPoint } from '../../../shm/yield-point.ts';
import { placePage } from '../../shm/frames.ts';
import { smallMemory } from '../../shm/threads.ts';
import type { InterleavingCase } from '../case.ts';

interface Payload {
  handle: SharedMemoryHandle;
  frame: number;
}

const PAGE = 3;
let shm: SharedMemory;

/** Adds 1 to two words of the page, with a step in between. */
function write(own: SharedMemory, frame: number): void {
  const image = frameSegment(own, frame).i32;
  const at = frameOffset(own, frame) >>> 2;
  latchFrame(own, frame);
  const before = image[at];
  yieldPoint('case.write');
  image[at] = before + 1;
  yieldPoint('case.write');
  image[at + 1] = before + 1;
  unlatchFrame(own, frame);
}

/** Two words, read with a step in between, in shared mode; then optimistically. Only what is valid has to be equal. */
function read(own: SharedMemory, frame: number): boolean {
  const image = frameSegment(own, frame).i32;
  const at = frameOffset(own, frame) >>> 2;
  ok(holdFrame(own, frame, PAGE));
  const first = image[at];
  yieldPoint('case.read');
  const held = first === image[at + 1];
  releaseFrame(own, frame);
  const version = readBegin(own.i32, frameBase(own, frame));
  const again = image[at];
  yieldPoint('case.read');
  const same = again === image[at + 1];
  return held && (same || !readValid(own.i32, frameBase(own, frame), version));
}

/** SM-L1, SM-L2, SM-L4: a hand-over between two writers and a reader. */
export const interleaving: InterleavingCase<Payload, boolean> = {
  name: 'SM-L1, SM-L2, SM-L4: two writers and a reader of one frame',
  sessions: 3,
  setup() {
    shm = smallMemory();
    attachThread(shm, THREAD_ROLE_HOST);
    return { handle: handleOf(shm), frame: placePage(shm, PAGE) };
  },
  session({ handle, frame }, session) {
    const own = viewSharedMemory(handle);
    attachThread(own, THREAD_ROLE_ATTACHED);
    const right = session === 2 ? read(own, frame) : true;
    if (session !== 2) write(own, frame);
    detachThread(own);
    return right;
  },
  check({ frame }, results) {
    for (const result of results) ok(result.ok && result.value, JSON.stringify(result));
    const base = frameBase(shm, frame);
    const image = frameSegment(shm, frame).i32;
    const at = frameOffset(shm, frame) >>> 2;
    strictEqual(image[at], 2);
    strictEqual(image[at + 1], 2);
    strictEqual(loadFrameReaders(shm.i32, base), 0);
    // One latch to place the page, two to write; a writer that stepped back for a hold leaves the version as it was.
    strictEqual(loadFrameVersion(shm.i32, base), 6);
  },
  teardown() {
    detachThread(shm);
  },
};
