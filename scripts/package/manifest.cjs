/** The template of the manifest becomes the manifest of one installation. */

const PLACEHOLDER = /\$\{\{([A-Z_]+)\}\}/g;

/**
 * Fills every `${{NAME}}` of the template. An unknown name throws: it is a mistake in the template, not in a setting.
 * @param {string} template text of appPackage/manifest.json
 * @param {Record<string, string>} values
 * @param {string | null} offerId `publisherId.offerId`; null leaves the link to the marketplace out
 */
function fillManifest(template, values, offerId) {
  const manifest = JSON.parse(template, (_key, value) => (typeof value === 'string' ? fill(value, values) : value));
  return offerId === null ? manifest : { ...manifest, subscriptionOffer: { offerId } };
}

function fill(text, values) {
  return text.replace(PLACEHOLDER, (_match, name) => {
    if (values[name] === undefined) throw new Error(`appPackage/manifest.json asks for \${{${name}}}, which nothing provides`);
    return values[name];
  });
}

module.exports = { fillManifest };
