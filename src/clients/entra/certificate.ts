import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import forge from 'node-forge';

/** What proves who we are to Entra in place of a secret. */
export interface ClientCertificate {
  /** PKCS#8 as PEM. */
  privateKey: string;
  /** The certificate and those above it, as PEM. */
  x5c: string;
  thumbprintSha256: string;
  /** Not checked: who starts with an expired one still serves everybody, and is told by the marketplace's refusal. */
  expiresAt: Date;
}

/** In words, without anything of the key. */
export class UnusableCertificate extends Error {
  override name = 'UnusableCertificate';
}

/**
 * A certificate with its key as PEM, as the base64 of a PKCS#12 file (what Azure Key Vault hands out), or as the path of a file of
 * either kind. @throws UnusableCertificate
 */
export function readCertificate(given: string, password: string): ClientCertificate {
  const { key, certificates } = partsOf(contentOf(given), password);
  const own = certificates.find((one) => one.checkPrivateKey(key));
  if (!own) throw new UnusableCertificate('holds no certificate of its private key');
  if (key.asymmetricKeyType !== 'rsa') throw new UnusableCertificate('has a key that is not RSA, which Entra does not take');
  const chain = [own, ...certificates.filter((one) => one !== own)];
  return {
    privateKey: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    x5c: chain.map(String).join(''),
    thumbprintSha256: createHash('sha256').update(own.raw).digest('hex'),
    expiresAt: new Date(own.validTo),
  };
}

function contentOf(given: string): Buffer {
  // A line of settings cannot break: some hold \n in words.
  if (given.includes('-----BEGIN')) return Buffer.from(given.replaceAll('\\n', '\n'));
  if (given.length < 4096 && existsSync(given)) return readFileSync(given);
  const bytes = Buffer.from(given, 'base64');
  // DER begins with a sequence; anything else was meant as a path.
  if (bytes[0] !== 0x30) throw new UnusableCertificate('is no PEM, no base64 of a PKCS#12 file, and no file that is there');
  return bytes;
}

function partsOf(content: Buffer, password: string) {
  try {
    const pem = content.includes('-----BEGIN') ? content.toString('utf8') : pemOf(content, password);
    const certificates = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/gu) ?? [];
    return { key: createPrivateKey({ key: pem, passphrase: password }), certificates: certificates.map((one) => new X509Certificate(one)) };
  } catch {
    throw new UnusableCertificate('cannot be read: its private key is missing, or the password is wrong');
  }
}

/** The key and all certificates of a PKCS#12 file. */
function pemOf(der: Buffer, password: string): string {
  const bytes = forge.util.createBuffer(der.toString('binary'));
  const file = forge.pkcs12.pkcs12FromAsn1(forge.asn1.fromDer(bytes), false, password);
  const { certBag, pkcs8ShroudedKeyBag, keyBag } = forge.pki.oids as Record<'certBag' | 'pkcs8ShroudedKeyBag' | 'keyBag', string>;
  const bags = (type: string) => file.getBags({ bagType: type })[type] ?? [];
  const keys = [...bags(pkcs8ShroudedKeyBag), ...bags(keyBag)].flatMap(({ key }) => (key ? forge.pki.privateKeyToPem(key) : []));
  const certificates = bags(certBag).flatMap(({ cert }) => (cert ? forge.pki.certificateToPem(cert) : []));
  return [...keys, ...certificates].join('\n');
}
