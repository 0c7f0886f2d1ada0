/** This machine is never reached through a proxy; for other hosts the environment's proxy settings hold (axios reads them). */
export function proxyFor(url: string): false | undefined {
  return /^(127(\.\d+){3}|localhost|\[::1\])$/u.test(new URL(url).hostname) ? false : undefined;
}
