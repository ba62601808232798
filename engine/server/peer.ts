/** Where a client comes from. */
export interface Peer {
  /** Null: a Unix socket. */
  readonly address: string | null;
  readonly port: number;
}
