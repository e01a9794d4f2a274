/** A key and a certificate that vouches for itself, for TLS servers of tests whose clients are told not to mind. */
import { generateKeyPairSync, sign } from 'node:crypto';

/** DER (X.690): a tag, the length, the content. */
function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Uint8Array.from(head), content]);
}
const sequence = (...parts: Uint8Array[]) => der(0x30, ...parts);
const objectId = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));
const text = (tag: number, value: string) => der(tag, Buffer.from(value));

const ECDSA_WITH_SHA256 = '2a8648ce3d040302';
const COMMON_NAME = '550403';
const [UTF8_STRING, GENERALIZED_TIME, SET, INTEGER, BIT_STRING] = [0x0c, 0x18, 0x31, 0x02, 0x03];

/** A certificate of version 1 (RFC 5280, 4.1) in PEM. */
export function selfSigned(): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = sequence(der(SET, sequence(objectId(COMMON_NAME), text(UTF8_STRING, 'a test of elnk'))));
  const algorithm = sequence(objectId(ECDSA_WITH_SHA256));
  const certificate = sequence(
    der(INTEGER, Uint8Array.of(1)),
    algorithm,
    name,
    sequence(text(GENERALIZED_TIME, '20200101000000Z'), text(GENERALIZED_TIME, '21200101000000Z')),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = sign('sha256', certificate, privateKey);
  const signed = sequence(certificate, algorithm, der(BIT_STRING, Uint8Array.of(0), signature));
  return {
    key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    cert: `-----BEGIN CERTIFICATE-----\n${signed.toString('base64')}\n-----END CERTIFICATE-----\n`,
  };
}
