/** What the control plane and a worker say to each other. */

import type { Manifest } from '../../plugins/contract/connection.ts';
import type { PluginFigures, SentPlugin } from '../../plugins/host/worker-plugins.ts';
import type { DatabaseHandle } from '../api/database.ts';
import type { PlainError } from '../../shm/errors.ts';
import type { ServerOptions } from './options.ts';
import type { Rule } from './rules.ts';
import type { SessionsHandle } from './sessions-table.ts';

/** Where a worker listens: a socket that is shared, or one of its own beside the others'. */
export type Listening = (
  | { readonly kind: 'descriptor'; readonly descriptor: number; readonly isUnix: boolean }
  | { readonly kind: 'address'; readonly host: string; readonly port: number }
  | { readonly kind: 'path'; readonly path: string }
) & {
  /** Whose clients come here. */
  readonly dialect: string;
};

export interface ServerWorkerData {
  readonly number: number;
  readonly handle: DatabaseHandle;
  readonly options: ServerOptions;
  readonly sessions: SessionsHandle;
  /** Clients of each worker, by its number. */
  readonly loads: SharedArrayBuffer;
  /** Clients on their way from one worker to another (passing.ts). */
  readonly offers: SharedArrayBuffer;
  /** Shared with the log thread. */
  readonly log: SharedArrayBuffer;
  /** Read again by each worker: networks cannot be posted. */
  readonly rules: string;
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly listening: readonly Listening[];
  /** What is current of each dialect. */
  readonly plugins: readonly SentPlugin[];
  /** Tells whether code of a plugin runs (plugins/host/clock.ts). */
  readonly clock: SharedArrayBuffer;
}

export type { Rule };

/** From a worker without being asked. */
export type WorkerNews = { readonly kind: 'ready' } | { readonly kind: 'lost'; readonly error: PlainError };

export interface WorkerFigures {
  readonly connections: number;
  readonly batches: number;
  readonly statements: number;
  readonly errors: number;
  readonly refused: number;
  readonly plugins: readonly PluginFigures[];
}

/** What the control plane calls (Comlink). */
export interface WorkerControl {
  /** Takes no more clients; resolves when all have gone, or their time is up. */
  drain(milliseconds: number): Promise<void>;
  figures(): WorkerFigures;
  /** Throws 42P17. */
  usePlugin(sent: SentPlugin): Manifest;
  removeDialect(dialect: string): void;
  listenOn(listening: readonly Listening[]): Promise<void>;
  /** Leaves the database. */
  leave(): void;
}
