/** The words of a frame descriptor that belong to the cache, by meaning (page-cache.ts says what they are). Hot. */

import {
  FRAME_BYTES,
  FRAME_PAGE_ID,
  FRAME_RECOVERY_LSN,
  FRAME_SPARE_DOUBLE,
  FRAME_STATE,
} from '../../../shm/frame.layout.gen.ts';
import type { SharedMemory } from '../../../shm/shared-memory.ts';
import type { Frame } from '../../../shm/types.ts';

/** Index of recoveryLsn in the Float64Array of the control segment. */
export const recoveryWord = (shm: SharedMemory, frame: Frame): number =>
  (shm.framesBase + frame * FRAME_BYTES + FRAME_RECOVERY_LSN) >>> 3;

/** Index of the writing LSN there. */
export const writingWord = (shm: SharedMemory, frame: Frame): number =>
  (shm.framesBase + frame * FRAME_BYTES + FRAME_SPARE_DOUBLE) >>> 3;

/** Index of the state in the Int32Array. */
export const stateWord = (shm: SharedMemory, frame: Frame): number => (shm.framesBase + frame * FRAME_BYTES + FRAME_STATE) >>> 2;

/** Index of the page id there. */
export const pageIdWord = (shm: SharedMemory, frame: Frame): number =>
  (shm.framesBase + frame * FRAME_BYTES + FRAME_PAGE_ID) >>> 2;
