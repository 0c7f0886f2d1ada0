import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** DER, tag by tag. Source: X.690 (encoding), RFC 5280 (certificates). */
const der = (tag: number, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  const { length } = body;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
};
const sequence = (...parts: Buffer[]) => der(0x30, ...parts);
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));
const truth = der(0x01, Buffer.from([0xff]));
const extension = (id: string, value: Buffer, isCritical = false) => sequence(oid(id), ...(isCritical ? [truth] : []), der(0x04, value));
const time = (at: Date) => der(0x17, Buffer.from(`${at.toISOString().replace(/[-:T]/gu, '').slice(2, 14)}Z`));

/** A self-signed certificate, valid for an hour, that is its own authority. Names are DNS names; 127.0.0.1 is added. */
export function selfSigned(names: string[]): { cert: string; key: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(oid('2a8648ce3d040302'));
  const name = sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from('Foreign test authority')))));
  const alternatives = [...names.map((dns) => der(0x82, Buffer.from(dns))), der(0x87, Buffer.from([127, 0, 0, 1]))];
  const extensions = sequence(
    extension('551d13', sequence(truth), true),
    extension('551d0f', der(0x03, Buffer.from([0x02, 0x84])), true),
    extension('551d11', sequence(...alternatives)),
  );
  const now = Date.now();
  const content = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    name,
    sequence(time(new Date(now - 60_000)), time(new Date(now + 3_600_000))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', content, privateKey));
  const lines = sequence(content, algorithm, signature)
    .toString('base64')
    .match(/.{1,64}/gu)!;
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
