/** The same for the log thread (worker-entry.ts). */

export async function runLogThread(): Promise<void> {
  await import('./log-loop.ts');
}
