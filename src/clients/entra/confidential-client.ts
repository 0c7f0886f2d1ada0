import { ConfidentialClientApplication, type INetworkModule } from '@azure/msal-node';
import type { ClientCertificate } from './certificate';
import { axiosNetworkClient, describing } from './network-client';

export interface EntraApp {
  clientId: string;
  /** How the application proves itself: by this secret, unless by one of the two below. */
  clientSecret: string;
  clientCertificate?: ClientCertificate | null | undefined;
  /** Somebody else's word for us, asked for anew each time a token is. */
  clientAssertion?: (() => Promise<string>) | undefined;
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
export function confidentialClient(app: EntraApp): ConfidentialClientApplication {
  const { clientId, authority, networkClient = axiosNetworkClient } = app;
  const { host, hostname } = new URL(authority);
  return new ConfidentialClientApplication({
    auth: { clientId, ...proofOf(app), authority, knownAuthorities: isMicrosoft(hostname) ? [] : [host] },
    system: { networkClient: isMicrosoft(hostname) ? networkClient : describing(authority, networkClient) },
  });
}

/** msal takes one of the three. */
function proofOf({ clientSecret, clientCertificate, clientAssertion }: EntraApp) {
  if (clientAssertion) return { clientAssertion };
  if (!clientCertificate) return { clientSecret };
  const { privateKey, x5c, thumbprintSha256 } = clientCertificate;
  return { clientCertificate: { privateKey, x5c, thumbprintSha256 } };
}
