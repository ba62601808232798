/** What the rows of a fill go to (stages.ts). */

import type { GatherFill } from './gather-fill.ts';
import type { Sink } from './stage-code.ts';
import type { GroupRoom } from './stage-run.ts';
import type { State } from './state.ts';

export interface Collector {
  readonly sink: Sink;
  readonly room: GroupRoom;
  /** Where it is among the parts of a state. */
  readonly part: number;
  /** Begins an empty one. Made apart from the builder, as it lives with the program. */
  readonly begin: (c: State) => void;
  /** All its rows are there. */
  readonly end?: (c: State) => void;
  /** How parts of several threads are put together; none: one thread fills it. */
  readonly gathered?: GatherFill | undefined;
}
