import { createApp } from '../../src/app';
import { ConfigError, parseConfig } from '../../src/config';
import { stagingEnv } from '../support/app';
import { quiet } from '../support/database';

test.each([
  ['a file that is not there', '/nowhere/app.pfx', /no file that is there/u],
  ['a certificate without its key', '-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----', /cannot be read/u],
])('the app does not start with %s, and names the setting without its value', async (_what, given, words) => {
  const settings = { MARKETPLACE_CLIENT_SECRET: 'off', MARKETPLACE_CLIENT_CERTIFICATE_PASSWORD: 'the word of the key' };
  const config = parseConfig(stagingEnv({ ...settings, MARKETPLACE_CLIENT_CERTIFICATE: given }));
  const error: unknown = await createApp(config, { log: quiet }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as ConfigError).problems).toEqual([expect.stringMatching(/^MARKETPLACE_CLIENT_CERTIFICATE /u)]);
  expect((error as Error).message).toMatch(words);
  expect((error as Error).message).not.toMatch(/nowhere|AAAA|the word of the key/u);
});
