/** teams-js asks Microsoft for its list of allowed origins while it is imported; without a network it uses its own. Import this first. */
globalThis.fetch = () => Promise.reject(new TypeError('offline'));
