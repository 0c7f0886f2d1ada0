import { ConfidentialClientApplication, type INetworkModule } from '@azure/msal-node';
import { axiosNetworkClient, describing } from './network-client';

export interface EntraApp {
  clientId: string;
  clientSecret: string;
  /** Issuing authority, tenant included; any https host. */
  authority: string;
  /** What msal sends its requests through; HTTP over axios when absent. */
  networkClient?: INetworkModule | undefined;
}

/** Hosts whose endpoints msal knows by heart; it asks nobody about them. */
const isMicrosoft = (host: string): boolean =>
  /(^|\.)(microsoftonline\.(com|us)|chinacloudapi\.cn|partner\.microsoftonline\.cn)$/u.test(host);

/**
 * An application of ours at an authority. A host that is not Microsoft's is declared known: otherwise msal would ask Microsoft
 * whether to trust it, and a stand-in must work without any call there.
 */
export function confidentialClient({
  clientId,
  clientSecret,
  authority,
  networkClient = axiosNetworkClient,
}: EntraApp): ConfidentialClientApplication {
  const { host, hostname } = new URL(authority);
  return new ConfidentialClientApplication({
    auth: { clientId, clientSecret, authority, knownAuthorities: isMicrosoft(hostname) ? [] : [host] },
    system: { networkClient: isMicrosoft(hostname) ? networkClient : describing(authority, networkClient) },
  });
}
