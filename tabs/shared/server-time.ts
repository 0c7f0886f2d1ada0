/** How far the server's clock is ahead of this device's, ms; learned from every usage answer. */
let ahead = 0;

export function learnServerTime(iso: string): void {
  ahead = new Date(iso).getTime() - Date.now();
}

/** Now by the server's clock, epoch ms: devices may be wrong, and a sandbox's clock is moved. */
export const serverNow = (): number => Date.now() + ahead;
