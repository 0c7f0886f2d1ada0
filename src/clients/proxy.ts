/** This machine, and the one it runs on where managed identities are asked for, are never reached through a proxy; for other hosts the environment's proxy settings hold (axios reads them). */
export function proxyFor(url: string): false | undefined {
  return /^((127|169\.254)(\.\d+)+|localhost|\[::1\])$/u.test(new URL(url).hostname) ? false : undefined;
}
