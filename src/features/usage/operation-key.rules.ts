/**
 * Names an act for ever: `<use case>:<actor>:<client key>`. The client key is the tab's Idempotency-Key, or
 * `<conversation>/<activity>` for the bot. A colleague's key replays nothing that one may not see.
 */
export const operationKey = (useCase: string, memberId: string, clientKey: string): string => `${useCase}:${memberId}:${clientKey}`;
