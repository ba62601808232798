/**
 * What an engine worker and a thread for long statements say to each other:
 *
 *   worker --task--> thread    rows, rows ... end | error --> worker        CREDITS: pieces of rows that may still come
 */

import type { PlainError } from '../../shm/errors.ts';
import type { ValueForm } from '../../plugins/contract/row-format.ts';
import type { RowFormat } from '../../plugins/contract/row-format.ts';
import type { MessagePort } from 'node:worker_threads';
import type { DatabaseHandle } from '../api/database.ts';
import type { Notice } from '../exec/engine.ts';
import type { ParameterTypes } from '../exec/make-shape.ts';

export const CREDITS = 0;
/** Pieces of rows that are on their way at once. */
export const PIECES = 4;

/** A statement with all that it means in its session. */
export interface HeavyTask {
  readonly handle: DatabaseHandle;
  readonly port: MessagePort;
  readonly credits: SharedArrayBuffer;
  readonly text: string;
  readonly start: number;
  readonly types: ParameterTypes | undefined;
  readonly values: {
    readonly bytes: Uint8Array;
    readonly starts: readonly number[];
    readonly lengths: readonly number[];
    readonly forms: readonly ValueForm[];
  };
  readonly format: RowFormat;
  readonly session: {
    readonly slot: number;
    readonly openedBy: string;
    readonly database: string;
    readonly databaseId: number;
    readonly firstDatabase: string;
    readonly processId: number;
    readonly settings: readonly (readonly [string, string])[];
    /** Stamp of its last commit: it sees that. */
    readonly lastCommit: number;
  };
}

/** `barrier`: how far the log must be on disk before this leaves. */
export type HeavyNews =
  | { readonly kind: 'rows'; readonly bytes: Uint8Array; readonly barrier: number }
  | { readonly kind: 'notice'; readonly notice: Notice }
  | { readonly kind: 'end'; readonly rows: number; readonly tag: string; readonly barrier: number }
  | { readonly kind: 'error'; readonly error: PlainError; readonly barrier: number };
