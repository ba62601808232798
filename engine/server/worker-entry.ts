/** For the built product: its engine is one file, of which a program that embeds the database loads nothing of a server. */

export async function runWorkerThread(): Promise<void> {
  await import('./worker-loop.ts');
}
