import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import forge from 'node-forge';

/** A self-signed certificate with its RSA key, in every form that somebody may hand in. */
export function aCertificate({ expiresAt = new Date(Date.now() + 90 * 86_400_000), password = '' } = {}) {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey);
  certificate.serialNumber = '01';
  certificate.validity.notBefore = new Date(Date.now() - 86_400_000);
  certificate.validity.notAfter = expiresAt;
  const name = [{ name: 'commonName', value: 'kontingent.example' }];
  certificate.setSubject(name);
  certificate.setIssuer(name);
  const key = forge.pki.privateKeyFromPem(privateKey);
  certificate.sign(key, forge.md.sha256.create());
  const pem = forge.pki.certificateToPem(certificate).replaceAll('\r', '');
  const file = forge.asn1.toDer(forge.pkcs12.toPkcs12Asn1(key, [certificate], password, { algorithm: 'aes256' })).getBytes();
  const locked = createPrivateKey(privateKey).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: password || 'x' });
  return { publicKey, pem, expiresAt, bundle: `${pem}${privateKey}`, locked: `${locked}${pem}`, pfx: Buffer.from(file, 'binary') };
}
