/** What came of a sample event that was sent to our own public address. */
export interface ProbeAnswer {
  url: string;
  /** Signed as the marketplace signs; otherwise by a key that nobody knows. */
  signed: boolean;
  /** null: no answer came. */
  status: number | null;
  durationMs: number;
  /** The problem that the answer names, if it is one of ours; else why no answer came. */
  said: string | null;
}

/** Sends an event of these fields to the webhook as the marketplace would, from outside. */
export type WebhookProbe = (event: { id: string; subscriptionId: string; action: string }) => Promise<ProbeAnswer>;
