/** Parts of a state that hold something for the time of a run: memory that is counted, temporary files, states of subplans. */

export abstract class HeldPart {
  /** The run has ended, one way or another. */
  abstract close(): void;
}
