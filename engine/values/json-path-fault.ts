/** A failure in a path that a predicate, and what was asked to be silent, takes as nothing. */

import { SqlError } from '../../shm/errors.ts';

export class PathFault extends SqlError {}
