import type { BotConfig } from '../config';

/** A token for the connector, kept while it lasts. */
export type TokenSource = () => Promise<string>;

const PUBLIC_RESOURCE = 'https://api.botframework.com';
/** In each cloud the connector's resource is the name its own tokens are issued under. */
const SOVEREIGN_RESOURCES = new Set([
  'https://api.botframework.us',
  'https://api.botframework.azure.us',
  'https://api.botframework.azure.cn',
]);

/** What the bot's own tokens are for. */
export const connectorResource = ({ tokenIssuer }: Pick<BotConfig, 'tokenIssuer'>): string =>
  SOVEREIGN_RESOURCES.has(tokenIssuer) ? tokenIssuer : PUBLIC_RESOURCE;
