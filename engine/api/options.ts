/** What open() can be told, with a default for everything. */

import { DEFAULT_FACES, type FaceOptions } from '../exec/faces.ts';
import type { KernelOptions } from './kernel-options.ts';

export interface OpenOptions extends KernelOptions {
  /** The role whose rights count. 'scratchbird', the superuser of a new database. */
  readonly user?: string;
  /** Statements kept compiled, a thread. 1,000. */
  readonly statementCache?: number;
  /** How results look; see FaceOptions. */
  readonly int8?: FaceOptions['int8'];
  readonly numeric?: FaceOptions['numeric'];
  readonly times?: FaceOptions['times'];
  readonly json?: FaceOptions['json'];
  /** False: the directory must hold a database already. True. */
  readonly create?: boolean;
}

/** What an attached thread is told besides the memory: plain data. */
export interface SharedOptions {
  readonly user: string;
  readonly database: string;
  readonly durability: 'commit' | 'relaxed' | 'off';
  readonly statementCache: number;
  readonly faces: FaceOptions;
}

export function facesOf(options: OpenOptions): FaceOptions {
  return {
    int8: options.int8 ?? DEFAULT_FACES.int8,
    numeric: options.numeric ?? DEFAULT_FACES.numeric,
    times: options.times ?? DEFAULT_FACES.times,
    json: options.json ?? DEFAULT_FACES.json,
  };
}
